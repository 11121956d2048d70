"""The workflow's own names: what can be asked for, the rules, and the experiments that each figure and the ledger read."""

from lazytraining.config import names

TARGETS = {
    "all",
    "everything",
    *(f"figure_{number}" for number in range(1, 8)),
    "landscapes",
    "theory",
    "width",
    "population",
    "spectral_bias",
    "neurons",
    "cnn",
    "interactive",
    "claims",
}
"""Names that a user can ask Snakemake for."""
RULES = {
    "train_students",
    "train_students_keep_weights",
    "train_stack",
    "train_stack_keep_weights",
    "measure_baselines",
    "summarise_runs",
    "measure_landscape",
    "plot_landscape",
    "plot_experiment",
    "plot_step_size",
    "train_neurons",
    "plot_neurons",
    "measure_spectra",
    "measure_theory_start",
    "measure_theory_step",
    "measure_theory_limit",
    "prepare_images",
    "train_cnn",
    "summarise_cnn",
    "plot_cnn",
}
RESERVED = TARGETS | RULES
"""Names that no experiment may take."""
LANDSCAPES = {name: names.scaling(name) for name in names.LANDSCAPES}
"""Experiments whose end points span the planes of Figures 2 and 6, where they are configured, and their scalings."""
_BOTH = {"tau", "alpha"}
FIGURES = {
    "figure_1": {"trajectory": {"tau"}, "trajectory_symmetrized": {"tau"}},
    "figure_2": {name: {"m"} for name in LANDSCAPES},
    "figure_3": {"plateau": {"tau"}},
    "figure_4": {"plateau_symmetrized": {"tau"}},
    "figure_5": {"tau_alpha_text": _BOTH, "tau_alpha_code": _BOTH, "tau_alpha_converged": _BOTH},
    "figure_6": {name: {"m"} for name in LANDSCAPES},
    "figure_7": {"fixed_step": {"tau"}, "fixed_step_symmetrized": {"tau"}},
    "theory": {"convergence_symmetrized": {"tau", "step_size"}},
    "width": {"width_mean_field": {"m"}, "width_ntk": {"m"}},
    "population": {"population_loss": {"tau"}, "underparameterized": {"tau"}},
    "step_size": {"step_size": {"tau", "step_size"}},
    "spectral_bias": {"plateau": {"tau"}, "plateau_symmetrized": {"tau"}},
}
"""The experiments of each figure, and what it draws them over; they sweep nothing else."""
MIRRORED = {"population_loss", "underparameterized"}
"""Symmetrised, beside those whose name says so."""
EVIDENCE = {
    "trajectory": {"runs", "curves"},
    "trajectory_symmetrized": {"runs"},
    "plateau": {"runs", "baselines", "spectra"},
    "plateau_symmetrized": {"runs", "baselines", "spectra"},
    "tau_alpha_text": {"runs"},
    "tau_alpha_code": {"runs", "curves"},
    "tau_alpha_converged": {"runs"},
    "fixed_step": {"runs"},
    "fixed_step_symmetrized": {"runs"},
    "convergence_symmetrized": {"curves"},
    "landscape_mean_field": {"runs", "landscapes"},
    "landscape_ntk": {"runs", "landscapes"},
    "step_size": {"runs"},
    "width_mean_field": {"runs"},
    "width_ntk": {"runs"},
    "underparameterized": {"runs", "baselines"},
    "population_loss": {"runs"},
    "neuron_paths": {"paths"},
    "vgg11": {"cnn"},
}
"""What the ledger of claims reads of each experiment, where it is configured."""
