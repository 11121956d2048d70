"""Gradient descent on a stack of students, from one recorded iteration to the next.

The update is `students.step`. On the population loss (Chizat, Oyallon and Bach 2019) the points are another batch at every
iteration, and that is all that differs. An engine does the arithmetic: the compiled one of `engine`, or on a GPU that of `gpu`.
"""

import bisect
import copy
import math
from collections.abc import Callable
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float

from lazytraining.student import engine
from lazytraining.student.network import Weights, movement
from lazytraining.student.problem import Data
from lazytraining.student.recording import Recorder, Trajectory, recorded_iterations
from lazytraining.student.students import Students


@runtime_checkable
class Engine(Protocol):
    """What does the arithmetic of students on their data, from a state or from their start."""

    state: Weights
    """A copy of w, or of w − w0 where the students are displaced."""

    def run(self, steps: int, always_test: bool, update_last: bool) -> Float[np.ndarray, "{steps} 2 stack"]:
        """Do so many iterations; train and test losses before each one's update."""


OPERATIONS = 4e10
"""In the products of one call of the engine, at most: about a second, in which a job neither saves nor hears anything."""
LONGEST = 2**18
"""Iterations of one call, at most: their losses are in memory."""
MakeEngine = Callable[[Students, Data, Weights | None], Engine]
Observe = Callable[[int, list[int], Weights], None]


def descend(
    *,
    students: Students,
    data: Data,
    iterations: int,
    track_best: bool = True,
    average_last: int = 1,
    observe: Observe | None = None,
    make_engine: MakeEngine = engine.Engine,
) -> list[Trajectory]:
    """Train every student of a stack to its end.

    students     their starts, α, η, form and early stopping
    data         a `Problem`, or `Batches` for a fresh batch at every iteration
    iterations   updates, if a student neither stops early nor diverges
    track_best   evaluate the test loss at every iteration, and take the best over all; without it test loss and best are
                 those of the recorded iterations
    average_last  of how many last updates a trajectory's `late_loss` is the mean
    observe      called at every recorded iteration with its number, the indices of the students still running, and their
                 displacements w − w0
    make_engine  what does the arithmetic

    A student ends where its early stopping says so, or diverged where a loss is not finite, or S, which is looked at where it
    is recorded.

    Returns one trajectory each, in the stack's order.
    """
    descent = Descent(
        students=students,
        data=data,
        iterations=iterations,
        track_best=track_best,
        average_last=average_last,
        observe=observe,
        make_engine=make_engine,
    )
    while descent.running:
        descent.advance()
    return descent.trajectories


class Descent:
    """A stack of students on its way. Arguments are `descend`'s.

    The losses between two recorded iterations come in blocks of about a second; a student that turns out to have ended inside is taken back to
    the block's start and its steps up to the end are done again, so that its weights are those of its last iteration. At the
    next block the others go on without it.
    """

    def __init__(
        self,
        *,
        students: Students,
        data: Data,
        iterations: int,
        track_best: bool = True,
        average_last: int = 1,
        observe: Observe | None = None,
        make_engine: MakeEngine = engine.Engine,
    ):
        self.students, self.data, self.make_engine = students, data, make_engine
        self.iterations, self.observe = iterations, observe
        rules = students.early_stopping or (None,) * len(students)
        self.always_test = track_best or any(rules)
        self.recorded = [*recorded_iterations(iterations).tolist(), iterations + 1]
        late = range(max(0, iterations - average_last), iterations)
        self.recorders = [Recorder(rule, track_best, late) for rule in rules]
        self.iteration, self.running = 0, list(range(len(students)))
        """Updates that the students still running have done, and which these are."""
        self.engine = make_engine(students, data, None)

    @classmethod
    def resume(cls, checkpoint: dict, **arguments) -> "Descent":
        """The descent with these arguments where `checkpoint` of another with the same was; it goes on to the same bits."""
        descent = cls(**arguments)
        descent.iteration, descent.running = checkpoint["iteration"], checkpoint["running"]
        for recorder, saved in zip(descent.recorders, checkpoint["recorders"], strict=True):
            recorder.restore(saved)
        if descent.data.fresh:
            descent.data.state = checkpoint["data"]
        running, state = descent.students.select(descent.running), Weights(*checkpoint["state"])
        descent.engine = descent.make_engine(running, descent.data, state)
        return descent

    @property
    def trajectories(self) -> list[Trajectory]:
        return [recorder.trajectory for recorder in self.recorders]

    def advance(self) -> None:
        """Record, if that is due, and train on for about a second, or to the next recorded iteration."""
        running, first = self.students.select(self.running), self.iteration
        passed = bisect.bisect_right(self.recorded, first)
        end = min(self.recorded[passed], first + self._most(running))
        self.iteration = end
        recorded, last = self.recorded[passed - 1] == first, end > self.iterations
        at_first, batch = self.engine.state, self.data.state
        if recorded:
            displacement = running.split(at_first)[1]
            moved = movement(displacement, running.start)[:2]
            if self.observe:
                self.observe(first, self.running, displacement)
        losses = self.engine.run(end - first, self.always_test, not last)
        if recorded:
            losses[0, :, ~np.isfinite(moved[0])] = np.nan
        at_end, left = self.engine.state, []
        for i, student in enumerate(self.running):
            recorder = self.recorders[student]
            offset = recorder.block(first, losses[:, :, i], self.always_test, recorded)
            if recorded:
                recorder.moved(*(float(column[i]) for column in moved))
            if offset is None and not last:
                left.append(i)
            elif offset is None:
                _finish(recorder.trajectory, running.select([i]), at_end.select([i]))
            else:
                own, state = running.select([i]), at_first.select([i])
                if offset:
                    state = self._again(own, state, batch, offset)
                _finish(recorder.trajectory, own, state)
        if len(left) < len(self.running):
            self.running = [self.running[i] for i in left]
            if left:
                self.engine = self.make_engine(running.select(left), self.data, at_end.select(left))

    def _most(self, students: Students) -> int:
        """How many iterations of these students to do at once."""
        stack, m, d = students.start.hidden.shape
        points = 2 * self.data.n_train + (len(self.data.y_test) if self.always_test else 0)
        return max(1, min(LONGEST, int(OPERATIONS / (2 * stack * m * d * points))))

    def _again(self, students: Students, state: Weights, batch: dict | None, steps: int) -> Weights:
        """Where a student is so many steps after a state, with the data as they were there."""
        here = self.data.state
        if self.data.fresh:
            self.data.state = batch
        own = self.make_engine(students, self.data, state)
        own.run(steps, self.always_test, True)
        if self.data.fresh:
            self.data.state = here
        return own.state

    def checkpoint(self) -> dict:
        """A copy of all that changes: arrays, lists and numbers."""
        return copy.deepcopy(
            {
                "iteration": self.iteration,
                "running": self.running,
                "state": list(self.engine.state),
                "recorders": [recorder.save() for recorder in self.recorders],
                "data": self.data.state,
            }
        )


def _finish(trajectory: Trajectory, student: Students, state: Weights) -> None:
    """Where a student ended, and how far that is from its start, if it was not at a recorded iteration."""
    trajectory.weights, trajectory.displacement = student.split(state)
    if len(trajectory.relative_change) < len(trajectory.iteration):
        change, distance, *_ = (
            float(values[0]) for values in movement(trajectory.displacement, student.start)
        )
        trajectory.relative_change.append(change)
        trajectory.relative_distance.append(distance)
        if not math.isfinite(change):
            trajectory.diverged, trajectory.stopped_early = True, False
