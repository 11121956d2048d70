"""The table of figures, and the workflow's own names: what can be asked for, and what each figure and the ledger read."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from lazytraining.config import names

NOTE = "2 Figures of the note"
THEORY = "4 Theory"
BEYOND = "5 Beyond the figures of the note"
MODELS = "7 Any network"
KEPT = "8 Figures as PDF"
"""Categories of the report, in its order. The last has no page of its own: its files stand with the pictures that they are."""


@dataclass(frozen=True)
class Figure:
    """A figure: what it reads, and where the report shows it.

    `experiments` has the experiments that it draws, each with the keys that it draws them over; they sweep nothing else.
    `reads` has the data sets that it reads, each of all its experiments or of those named; `theory` the parts of the
    theory. `settings` are taken from the configuration. Its caption is docs/captions/NAME.rst, its script scripts/plot_NAME.py unless `script` says otherwise.
    The caption adds the ledger's verdicts on the figure, and on those in `verdicts`.
    """

    label: str
    category: str
    experiments: Mapping[str, set[str]]
    reads: Mapping[str, tuple[str, ...] | None]
    theory: tuple[str, ...] = ()
    script: str | None = None
    settings: Mapping[str, Callable[[Any], Any]] = field(default_factory=dict)
    verdicts: tuple[str, ...] = ()


ALL = None
"""Of all the figure's experiments."""
_WIDTHS = {"widths": lambda config: config.experiments["landscape_mean_field"].m}

FIGURES = {
    "figure_1": Figure(
        "Figure 1",
        NOTE,
        {"trajectory": {"tau"}, "trajectory_symmetrized": {"tau"}},
        {"curves": ALL, "runs": ALL},
    ),
    "figure_2": Figure(
        "Figure 2",
        NOTE,
        {name: {"m"} for name in names.LANDSCAPES},
        {"surfaces": ALL, "endpoints": ALL},
        settings=_WIDTHS,
    ),
    "figure_3": Figure("Figure 3", NOTE, {"plateau": {"tau"}}, {"runs": ALL, "baselines": ALL}),
    "figure_4": Figure(
        "Figure 4",
        NOTE,
        {"plateau_symmetrized": {"tau"}},
        {"runs": ALL, "baselines": ALL},
        script="plot_figure_3",
    ),
    "figure_5": Figure(
        "Figure 5",
        NOTE,
        {name: {"tau", "alpha"} for name in ("tau_alpha_text", "tau_alpha_code", "tau_alpha_converged")},
        {"summaries": ALL, "runs": ALL},
        settings={"divide": lambda config: config.figure_5.divide_by_alpha_squared},
    ),
    "figure_6": Figure(
        "Figure 6",
        NOTE,
        {name: {"m"} for name in names.LANDSCAPES},
        {
            "surfaces": ALL,
            "endpoints": ALL,
            "aligned_surfaces": ("landscape_mean_field",),
            "aligned_endpoints": ("landscape_mean_field",),
        },
        settings=_WIDTHS,
    ),
    "figure_7": Figure(
        "Figure 7",
        NOTE,
        {"fixed_step": {"tau"}, "fixed_step_symmetrized": {"tau"}},
        {"runs": ALL},
    ),
    "plateaus": Figure(
        "Figures 3 and 4, both plateaus",
        NOTE,
        {"plateau": {"tau"}, "plateau_symmetrized": {"tau"}},
        {"runs": ALL, "baselines": ALL},
        verdicts=("figure_3", "figure_4"),
    ),
    "theory": Figure("1 At the start (§1.1, §3.3)", THEORY, {}, {}, theory=("start", "step")),
    "lazy_limit": Figure(
        "2 Towards the lazy limit (§3, §5.2)",
        THEORY,
        {"convergence_symmetrized": {"tau", "step_size"}},
        {"curves": ALL, "runs": ALL},
        theory=("limit", "sample"),
    ),
    "width": Figure(
        "1 Width (§4.5)",
        BEYOND,
        {"width_mean_field": {"m"}, "width_ntk": {"m"}},
        {"runs": ALL},
    ),
    "population": Figure(
        "2 Population loss, and m ≪ d (§4.6)",
        BEYOND,
        {"population_loss": {"tau"}, "underparameterized": {"tau"}},
        {"runs": ALL, "baselines": ("underparameterized",)},
        verdicts=("underparameterized",),
    ),
    "step_size": Figure(
        "3 Step sizes (§5.1)",
        BEYOND,
        {"step_size": {"tau", "step_size"}},
        {"summaries": ALL, "baselines": ALL},
    ),
    "spectral_bias": Figure(
        "5 Singular values of the hidden layer (§2)",
        BEYOND,
        {"plateau": {"tau"}, "plateau_symmetrized": {"tau"}},
        {"spectra": ALL},
    ),
}
"""Every figure of several runs that has a name of its own. An entry is all that the workflow has to know of one."""
NUMBERED = tuple(name for name in FIGURES if name.startswith("figure_"))
"""The note's own: what the target `all` makes."""
TURNED = ("figure_5", "figure_6")
"""Figures that interactive.html shows as surfaces to turn."""

TARGETS = {
    *FIGURES,
    "all",
    "everything",
    "reported",
    "landscapes",
    "neurons",
    "cnn",
    "models",
    "phase",
    "interactive",
    "claims",
}
"""Names that a user can ask Snakemake for, beside the experiments."""
RULES = {
    "train_students",
    "train_students_keep_weights",
    "train_neurons",
    "train_model",
    "train_phase",
    "measure_baselines",
    "measure_landscape",
    "measure_spectra",
    "measure_theory_start",
    "measure_theory_step",
    "measure_theory_limit",
    "measure_theory_sample",
    "summarise_runs",
    "summarise_models",
    "summarise_phase",
    "plot_landscape",
    "plot_experiment",
    "plot_neurons",
    "plot_model",
    "plot_models",
    "plot_phase",
    "plot_interactive",
    "judge_claims",
    *(f"plot_{name}" for name in FIGURES),
}
RESERVED = TARGETS - {"step_size"} | RULES
"""Names that no experiment may take; the figure of step sizes has its experiment's name."""
EVIDENCE = {
    "trajectory": {"runs", "curves"},
    "trajectory_symmetrized": {"runs", "curves"},
    "plateau": {"runs", "baselines", "spectra"},
    "plateau_symmetrized": {"runs", "baselines", "spectra"},
    "tau_alpha_text": {"runs"},
    "tau_alpha_code": {"runs", "curves"},
    "tau_alpha_converged": {"runs"},
    "fixed_step": {"runs"},
    "fixed_step_symmetrized": {"runs"},
    "convergence_symmetrized": {"runs", "curves"},
    "landscape_mean_field": {"runs", "surfaces", "endpoints"},
    "landscape_ntk": {"runs", "surfaces", "endpoints"},
    "step_size": {"runs"},
    "width_mean_field": {"runs"},
    "width_ntk": {"runs"},
    "underparameterized": {"runs", "curves", "baselines"},
    "more_neurons_than_points": {"runs", "baselines"},
    "population_loss": {"runs"},
    "neuron_paths": {"paths"},
    "vgg11": {"models", "model_curves"},
    **{name: {"models"} for name in ("student_module", *names.MLPS)},
    "phase_plane": {"phase"},
    "phase_plane_note": {"phase"},
}
"""The data sets that the ledger of claims reads of each experiment, where it is configured."""
