"""Labels of figures and their twins in plain text."""

from lazytraining.config import names
from lazytraining.figures import labels
from lazytraining.student.step_rules import STEP_RULES


def plain(label: str) -> str:
    """A label of a figure in plain text."""
    for code, text in ((r"\alpha=", "α = "), (r"\sqrt{m}", "√m"), ("$", "")):
        label = label.replace(code, text)
    return label


def test_scalings_are_the_same_in_figures_and_in_text():
    assert {name: plain(label) for name, label in labels.SCALINGS.items()} == {
        name: f"α = {text}" for name, text in names.SCALINGS.items()
    }
    assert {name: plain(labels.SCALING_OF[name]) for name in names.LANDSCAPES} == {
        name: names.scaling(name) for name in names.LANDSCAPES
    }


def test_a_step_rule_is_drawn_by_the_name_that_it_has():
    assert labels.STEP_RULES.keys() <= STEP_RULES.keys()
