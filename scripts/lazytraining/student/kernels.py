"""The arithmetic of descent, compiled: one call does all iterations between two recorded ones.

A student's features are needed twice in an iteration, for its output and for its gradient, and not afterwards. So points are
taken `BLOCK` at a time: their features, residuals and gates stay in the core's own cache, and only the data and the weights
are read from further away.

Both matrix products are made of one tile, c[r, :] (+)= Σ_k a[r, k] b[k, :], of a few rows by 64 bytes of columns, whose sums
are kept in registers. Sums run over k in order, in fused multiply-adds, whatever the processor and however many rows there are: a
student's bits depend neither on its neighbours in the stack nor on the width of the processor's vectors.

Arrays are padded with zeros to whole tiles: points and input dimensions to `lanes`, the depth of a product to `DEPTH`.

Only who compiles imports this. Jobs run the machine code (`compiling`), so it calls nothing of numba or Python: no memory is
taken, nothing is raised.
"""

import inspect

import llvmlite.binding as llvm
import llvmlite.ir as ir
import numpy as np
from numba import njit, typeof, types
from numba.core import cgutils
from numba.core.registry import cpu_target
from numba.extending import intrinsic

from lazytraining.student.compiling import PROCESSOR
from lazytraining.student.tiles import BLOCK, DEPTH, VECTOR

ROWS = 12 if "+avx512f" in PROCESSOR[2] else 6
"""The most rows of a tile: their sums, a row of b and an element of a fill the registers."""


def machine_code(name: str, arguments: tuple) -> bytes:
    """An object file with a function of this module, compiled for arguments of these types.

    It takes the address of its arguments, in words of 64 bits: integers, and of each array two owners, how many numbers, their
    bytes, address, shape and strides. That is how numba's functions pass them on, one by one.
    """
    signature, dispatcher = tuple(map(typeof, arguments)), globals()[name]
    dispatcher.compile(signature)
    kind = cpu_target.target_context.call_conv.get_function_type(types.none, signature)
    word, module = ir.IntType(64), ir.Module()
    function = ir.Function(module, kind, dispatcher.overloads[signature].fndesc.llvm_func_name)
    entry = ir.Function(module, ir.FunctionType(ir.VoidType(), [word.as_pointer()]), name)
    builder = ir.IRBuilder(entry.append_basic_block())
    passed = [builder.alloca(place.pointee) for place in kind.args[:2]]  # for what is returned and raised
    for index, part in enumerate(kind.args[2:]):
        pointer = builder.gep(entry.args[0], [word(index)])
        passed.append(builder.load(builder.bitcast(pointer, part.as_pointer())))
    builder.call(function, passed)
    builder.ret_void()
    linked = llvm.parse_assembly(dispatcher.inspect_llvm(signature))
    linked.link_in(llvm.parse_assembly(str(module)))
    target = llvm.Target.from_triple(PROCESSOR[0])
    return target.create_target_machine(*PROCESSOR[1:], opt=3, jit=True).emit_object(linked)


def _compiled(function):
    """Tests wrap functions to check types; the wrapper is not compiled. Without `_nrt` what takes memory does not compile."""
    options = {"error_model": "numpy", "_nrt": False, "no_cpython_wrapper": True, "no_cfunc_wrapper": True}
    return njit(inspect.unwrap(function), **options)


@intrinsic
def _tile(typing, rows, a, a0, lda, b, b0, ldb, c, c0, ldc, depth, add):
    """c[c0 + r ldc :][:lanes] (+)= Σ_{k < depth} a[a0 + r lda + k] b[b0 + k ldb :][:lanes] for r < rows ≤ ROWS.

    Arrays are taken as flat, whatever their shape. Without `add` the sum starts at 0, else at what c holds.
    """
    return types.void(rows, a, a0, lda, b, b0, ldb, c, c0, ldc, depth, add), _build_tile


def _build_tile(context, builder, signature, arguments):
    """LLVM code of `_tile`: a switch over the number of rows, with a loop over k in each case."""
    builder.function.attributes.add("noinline")  # `_product`: one copy of so much code is compiled
    rows, a, a0, lda, b, b0, ldb, c, c0, ldc, depth, add = arguments
    array = signature.args[1]
    size = array.dtype.bitwidth // 8
    vector = ir.VectorType(context.get_value_type(array.dtype), VECTOR // size)
    zeros = ir.Constant(ir.VectorType(ir.IntType(32), vector.count), None)
    name = f"llvm.fma.v{vector.count}f{8 * size}"
    fma = cgutils.get_or_insert_function(builder.module, ir.FunctionType(vector, [vector] * 3), name)

    def at(position, offset):
        data = context.make_array(signature.args[position])(context, builder, arguments[position]).data
        return builder.gep(data, [offset])

    def load(pointer):
        return builder.load(builder.bitcast(pointer, vector.as_pointer()), align=size)

    def everywhere(number):
        one = builder.insert_element(ir.Constant(vector, ir.Undefined), number, ir.IntType(32)(0))
        return builder.shuffle_vector(one, ir.Constant(vector, ir.Undefined), zeros)

    a, b, c = at(1, a0), at(4, b0), at(7, c0)
    twice, done = builder.add(lda, lda), builder.append_basic_block("done")
    cases = builder.switch(rows, done)
    for count in range(1, ROWS + 1):
        start, held, loop, store = (builder.append_basic_block(f"{name}{count}") for name in "shlw")
        cases.add_case(rows.type(count), start)
        builder.position_at_end(start)
        # Three rows share a pointer: the processor adds once or twice the stride by itself.
        threes = [builder.gep(a, [builder.mul(lda, lda.type(row))]) for row in range(0, count, 3)]
        places = [builder.gep(c, [builder.mul(ldc, ldc.type(row))]) for row in range(count)]
        builder.cbranch(builder.icmp_signed("!=", add, add.type(0)), held, loop)
        builder.position_at_end(held)
        before = [load(place) for place in places]
        builder.branch(loop)

        builder.position_at_end(loop)
        moving = [(depth.type, depth), (b.type, b), *((three.type, three) for three in threes)]
        phis = [builder.phi(kind) for kind, _ in moving]
        sums = [builder.phi(vector) for _ in range(count)]
        for phi, (_, first) in zip(phis, moving, strict=True):
            phi.add_incoming(first, start)
            phi.add_incoming(first, held)
        for phi, value in zip(sums, before, strict=True):
            phi.add_incoming(ir.Constant(vector, None), start)
            phi.add_incoming(value, held)
        left, row_of_b, *pointers = phis
        new = list(sums)
        for k in range(DEPTH):
            values = load(row_of_b)
            row_of_b = builder.gep(row_of_b, [ldb])
            for row in range(count):
                pointer = pointers[row // 3]
                if row % 3:
                    pointer = builder.gep(pointer, [lda if row % 3 == 1 else twice])
                factor = builder.load(builder.gep(pointer, [depth.type(k)]))
                new[row] = builder.call(fma, [everywhere(factor), values, new[row]])
        left_after = builder.sub(left, depth.type(DEPTH))
        moved = [left_after, row_of_b, *(builder.gep(pointer, [depth.type(DEPTH)]) for pointer in pointers)]
        for phi, value in zip([*phis, *sums], [*moved, *new], strict=True):
            phi.add_incoming(value, loop)
        builder.cbranch(builder.icmp_signed(">", left_after, depth.type(0)), loop, store)

        builder.position_at_end(store)
        for place, value in zip(places, new, strict=True):
            builder.store(value, builder.bitcast(place, vector.as_pointer()), align=size)
        builder.branch(done)
    builder.position_at_end(done)
    return context.get_dummy_value()


@_compiled
def _product(a, lda, rows, b, b0, ldb, jump, panels, c, ldc, width, depth, add):
    """Tiles side by side: panel p of c, `width` columns, is a times the panel of b at b0 + p · jump."""
    tiles = (rows + ROWS - 1) // ROWS
    for panel in range(panels):
        for tile in range(tiles):
            first, end = rows * tile // tiles, rows * (tile + 1) // tiles
            at_b, at_c = b0 + panel * jump, first * ldc + panel * width
            _tile(end - first, a, first * lda, lda, b, at_b, ldb, c, at_c, ldc, depth, add)


@_compiled
def project(hidden, panels, out):
    """out (rows, n) = hidden (rows, D) · x for points in panels (n / lanes, depth, lanes)."""
    count, depth, width = panels.shape
    rows, stride = hidden.shape
    _product(hidden, stride, rows, panels, 0, width, depth * width, count, out, out.shape[1], width, depth, 0)


@_compiled
def _respond(z, first, readout, targets, at, out):
    """out = Σ_j readout_j ReLU(z_j) − targets, for a student whose rows begin at `first` and points that begin at `at`.

    A NaN in z comes through, as in NumPy's maximum. Arrays stay whole: the compiler has no vectors for a slice's strides.
    """
    zero = z.dtype.type(0)
    for i in range(len(out)):
        out[i] = -targets[at + i]
    for j in range(len(readout)):
        a, row = readout[j], z[first + j]
        for i in range(len(out)):
            out[i] += a * (zero if row[i] <= zero else row[i])


@_compiled
def _gate(z, first, m, scaled):
    """z_j ← scaled where z_j > 0, else 0."""
    zero = z.dtype.type(0)
    for j in range(first, first + m):
        row = z[j]
        for i in range(len(scaled)):
            row[i] = scaled[i] if row[i] > zero else zero


@_compiled
def _respond_displaced(z, first, at_start, first_start, readout, start_readout, targets, at, out):
    """The same for z = δb · x, from features' changes Δ: out = Σ_j readout_j Δ_j + Σ_j start_readout_j ReLU(p_j) − targets.

    p = b0 · x, in rows of `at_start`, is shared by the neurons j and j + m/2, and Δ = max(z + min(p, 0), −max(p, 0)).
    """
    zero, half = z.dtype.type(0), len(start_readout)
    for i in range(len(out)):
        out[i] = -targets[at + i]
    for j in range(half):
        a, b, c = readout[j], readout[half + j], start_readout[j]
        row, other, p = z[first + j], z[first + half + j], at_start[first_start + j]
        for i in range(len(out)):
            below, above = min(p[at + i], zero), max(p[at + i], zero)
            u, v = row[i] + below, other[i] + below
            u, v = (-above if u <= -above else u), (-above if v <= -above else v)
            out[i] += a * u + b * v + c * above


@_compiled
def _gate_displaced(z, first, m, at_start, first_start, at, scaled):
    """z_j ← scaled where p_j + z_j > 0, by the same rounding as the features, else 0."""
    zero, half = z.dtype.type(0), m // 2
    for j in range(m):
        row, p = z[first + j], at_start[first_start + j % half]
        for i in range(len(scaled)):
            below, above = min(p[at + i], zero), max(p[at + i], zero)
            row[i] = scaled[i] if row[i] + below > -above else zero


@_compiled
def _add_squares(residual, sums):
    """Residuals² on top of what is there, in float64, point by point of a block."""
    for i in range(len(residual)):
        value = np.float64(residual[i])
        sums[i] += value * value


@_compiled
def _total(values):
    """Their sum, by folding the second half onto the first; it overwrites them. The same order of sums on every processor."""
    left = len(values)
    while left > 1:
        half = left // 2
        for i in range(half):
            values[i] += values[left - half + i]
        left -= half
    return values[0]


@_compiled
def _dot(b, c):
    """b · c in eight sums, as many as the narrowest `lanes`: the compiler keeps the order of sums, and needs them side by side."""
    s0 = s1 = s2 = s3 = s4 = s5 = s6 = s7 = b.dtype.type(0)
    for k in range(0, len(b), 8):
        s0 += b[k] * c[k]
        s1 += b[k + 1] * c[k + 1]
        s2 += b[k + 2] * c[k + 2]
        s3 += b[k + 3] * c[k + 3]
        s4 += b[k + 4] * c[k + 4]
        s5 += b[k + 5] * c[k + 5]
        s6 += b[k + 6] * c[k + 6]
        s7 += b[k + 7] * c[k + 7]
    return ((s0 + s4) + (s2 + s6)) + ((s1 + s5) + (s3 + s7))


@_compiled
def _descend(state, now, gradient, output, now_output, hidden_factor):
    """b ← b − hidden_factor · a c and a ← a − b · c for one student; a and b on the right are `now`'s."""
    for j in range(len(output)):
        a, b, c, moving = now_output[j], now[j], gradient[j], state[j]
        output_step = _dot(b, c)
        for k in range(len(c)):
            moving[k] -= hidden_factor * (a * c[k])
        output[j] -= output_step


@_compiled
def iterate(steps, updates, tests, sizes, data, students, state, work, losses):
    """Do `steps` iterations in place; losses (steps, train and test, stack) before each one's update.

    The first `updates` of them have an update, and the first `tests` a test loss; elsewhere it stays as it is.

    sizes: n_train, n_test, d rounded up to DEPTH. With D and n rounded up to lanes, data:
    panels (batches, n_train / lanes, depth, lanes), points (batches, n_train, D), targets (batches, n_train), test panels and
    targets without the first axis, and of displaced students p = b0 · x at both sets (batches, stack · m/2, n_train) and
    (stack · m/2, n_test); these have no rows for the others. Iteration t takes batch t, or the only one.
    students: b0 (stack · m, D) and a0 (stack, m), α and η/(α n) (stack,), and the factor of the hidden layer's step (1,).
    state: b (stack · m, D) and a (stack, m), or their displacement. work: z (stack · m, BLOCK + lanes), gradient (stack · m, D),
    squares (stack, BLOCK) in float64, residuals (BLOCK,), α a (stack, m), the same of mirrored pairs (stack, m/2), and one
    student's b (m, D) and a (m,).
    """
    n_train, n_test, depth = sizes
    panels, points, targets, test_panels, test_targets, at_start, at_start_test = data
    start_hidden, start_output, alpha, rate, hidden_factor = students
    hidden, output = state
    z, gradient, sums, residual, readout, start_readout, now, now_output = work
    (stack, m), (rows, stride) = output.shape, hidden.shape
    width, half, displaced = test_panels.shape[2], m // 2, len(at_start_test) > 0
    ldz = z.shape[1]

    for t in range(steps):
        batch = min(t, len(targets) - 1)
        for s in range(stack):
            for j in range(m):
                a = output[s, j] + start_output[s, j] if displaced else output[s, j]
                readout[s, j] = alpha[s] * a
            for j in range(half):
                start_readout[s, j] = alpha[s] * (output[s, j] + output[s, half + j])
        for kind in range(2 if t < tests else 1):
            update = t < updates and kind == 0
            sums[:] = 0
            x, y = (panels[batch], targets[batch]) if kind == 0 else (test_panels, test_targets)
            p = at_start[min(batch, len(at_start) - 1)] if kind == 0 else at_start_test
            for first in range(0, len(y), BLOCK):
                count = min(BLOCK, len(y) - first)
                r = residual[:count]
                _product(hidden, stride, rows, x, first * depth, width, depth * width, count // width, z, ldz, width, depth, 0)  # fmt: skip
                for s in range(stack):
                    if displaced:
                        _respond_displaced(z, s * m, p, s * half, readout[s], start_readout[s], y, first, r)
                    else:
                        _respond(z, s * m, readout[s], y, first, r)
                    _add_squares(r, sums[s])
                    if update:
                        for i in range(count):
                            r[i] *= rate[s]
                        if displaced:
                            _gate_displaced(z, s * m, m, p, s * half, first, r)
                        else:
                            _gate(z, s * m, m, r)
                if update:
                    _product(z, ldz, rows, points[batch], first * stride, stride, width, stride // width, gradient, stride, width, count, first)  # fmt: skip
            for s in range(stack):
                losses[t, kind, s] = _total(sums[s]) / (2 * (n_train if kind == 0 else n_test))
        if t < updates:
            for s in range(stack):
                span = slice(s * m, (s + 1) * m)
                own, c = hidden[span], gradient[span]
                if displaced:
                    for j in range(m):
                        now_output[j] = output[s, j] + start_output[s, j]
                        for k in range(stride):
                            now[j, k] = own[j, k] + start_hidden[s * m + j, k]
                    _descend(own, now, c, output[s], now_output, hidden_factor[0])
                else:
                    _descend(own, own, c, output[s], output[s], hidden_factor[0])
