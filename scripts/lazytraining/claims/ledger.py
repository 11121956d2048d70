"""The claims of the note, in the order of the ledger, which is that of the note: a module for each of its subjects, with each claim and what
decides it.

Measures that only one subject uses stand above its claims, those of several in `measures`. How a verdict follows is `verdict`.
"""

from lazytraining.claims import (
    beyond,
    criterion,
    figure_1,
    figure_5,
    landscapes,
    lazy_limit,
    models,
    one_step,
    phase,
    plateaus,
    step_size,
    width,
)
from lazytraining.claims.verdict import Claim

MODULES = (
    beyond,
    criterion,
    figure_1,
    figure_5,
    landscapes,
    lazy_limit,
    models,
    one_step,
    phase,
    plateaus,
    step_size,
    width,
)


def _order(claim: Claim) -> tuple[int, str]:
    number = claim.id.rstrip("abcdefgh")
    return int(number), claim.id.removeprefix(number)


CLAIMS = sorted((claim for module in MODULES for claim in module.CLAIMS), key=_order)
