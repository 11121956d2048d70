"""How far a job has come, for whoever looks at its log or its terminal."""

from tqdm import tqdm


def bar(updates: int) -> tqdm:
    """Students × iterations: a bar in a terminal, a line now and then in a log."""
    look = {"total": updates, "unit": "update", "unit_scale": updates >= 1000}
    shown = tqdm(**look, disable=None)  # None: off unless it is a terminal
    if shown.disable:
        line = "{percentage:3.0f} % of {total_fmt} updates, {elapsed} so far, {remaining} to go\n"
        shown = tqdm(**look, bar_format=line, mininterval=10)
    return shown
