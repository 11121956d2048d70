"""What Figure 4 would show if the weights were trained instead of their displacement.

Trains the symmetrised student of Figure 4 (seed 0) both ways, in both precisions, at large τ, and
prints its end losses beside the tangent model's as the table of docs/precision.md. Run by
`make precision`; some minutes on one core. Ends with 0; with 2 if the arguments are wrong.
"""

import sys

import _terminal

PARSER = _terminal.parser(__doc__)
if __name__ == "__main__":
    _terminal.begin(PARSER)

import numpy as np

from lazytraining.config.fields import rounded
from lazytraining.student import descent, network, problem, tangent
from lazytraining.student.step_rules import STEP_RULES
from lazytraining.student.students import Students

ITERATIONS = 10_000
WAYS = [(False, "float32"), (False, "float64"), (True, "float32"), (True, "float64")]


def main(arguments: list[str] | None = None) -> int:
    PARSER.parse_args(arguments)
    data = problem.make_problem(100, 1000, 1000, 3, 1.0, seed=0)
    model = tangent.TangentModel.at(network.initialise(50, 100, 1.0, 0, symmetrize=True), data)
    last = np.array([ITERATIONS])
    print("| τ | w, float32 | w, float64 | w − w0, float32 | w − w0, float64 | tangent model |")
    print("|---|---|---|---|---|---|")
    for exponent in range(1, 7):
        tau = 10.0**exponent
        eta = rounded(STEP_RULES["figure_3"].eta(tau))
        cells = []
        for displaced, precision in WAYS:
            start = network.initialise(50, 100, tau, 0, symmetrize=True).astype(precision)
            students = Students(start, 1.0, eta, displaced=displaced)
            (run,) = descent.descend(students=students, data=data, iterations=ITERATIONS, track_best=False)
            cells.append(f"{run.test_loss[-1]:.6e}")
        _, test = model.losses(1.0, eta, last, tau)
        print(f"| 10^{exponent} | {' | '.join(cells)} | {test[0]:.6e} |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
