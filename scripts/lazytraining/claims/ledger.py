"""The claims of the note, in the order of the ledger: a module for each of its subjects, with each claim and what decides it.

Measures that only one subject uses stand above its claims, those of several in `measures`. How a verdict follows is `verdict`.
"""

from lazytraining.claims import (
    beyond,
    cnn,
    criterion,
    figure_1,
    figure_5,
    landscapes,
    lazy_limit,
    plateaus,
    step_size,
    width,
)

CLAIMS = [
    *figure_1.CLAIMS,
    *plateaus.CLAIMS,
    *criterion.CLAIMS,
    *lazy_limit.CLAIMS,
    *figure_5.CLAIMS,
    *step_size.CLAIMS,
    *width.CLAIMS,
    *landscapes.CLAIMS,
    *beyond.CLAIMS,
    *cnn.CLAIMS,
]
