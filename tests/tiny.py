"""Every experiment of the presets, tiny: what tests of the workflow lay over the configuration."""

from lazytraining.config import names

TINY = {
    "d": 3,
    "n_train": 20,
    "n_test": 15,
    "teacher_neurons": 3,
    "teacher_gain": 1,
    "symmetrize": False,
    "m": [4],
    "alpha": [1],
    "tau": [1],
    "seeds": 1,
    "step_size": 0.01,
    "iterations": 5,
    "precision": "float64",
}
"""A descent experiment that is right and costs nothing."""
SMALL = {"d": 4} | {key: TINY[key] for key in ("n_train", "n_test", "m", "precision")} | {"seeds": 2}
LANDSCAPE = SMALL | {"seeds": 3, "m": [4, 6], "iterations": 30, "step_size": 0.01}
CELLS = {"tau": [0.1, 1], "alpha": [1, 10]}
SAMPLE = {"d": 2, "n": [5, 20], "m": 4, "alpha": [4, 8], "step_size": 0.05, "iterations": 20}
THEORY = {
    "sample": SAMPLE,
    "d": 4,
    "n_train": 20,
    "n_test": 15,
    "seeds": 2,
    "m": 4,
    "widths": [4, 16, 64],
    "iterations": 20,
}
CNN = {"options": {"width": 0.02}, "alpha": [1, 100], "step": [0.02, 0.2], "iterations": 2, "batch": 10}
CNN |= {"n_train": 20, "n_test": 10, "kernel_points": 2, "seeds": 1}
MODEL = {"options": {"width": 4}, "alpha": [1, 100], "iterations": 12, "seeds": 1}
MODEL |= {"n_train": 12, "n_test": 10, "kernel_points": 4}
MODELS = ["depth_2", "depth_3"]
OTHER_MODELS = [*(name for name in names.MLPS if name not in MODELS), "student_module"]
"""Of a kind that two tiny ones stand for."""
PLANE = {
    "d": 4,
    "n_train": 8,
    "n_test": 15,
    "m": [3, 16],
    "coupling": [0.1, 30],
    "seeds": 2,
    "iterations": 30,
}
ALL = {
    "landscape": {"grid": 5},
    "theory": THEORY | {"tau": [0.1, 10, 100], "alpha": [1, 10, 100, 1000]},
    "experiments": {
        "trajectory": SMALL | {"iterations": 40},
        "trajectory_symmetrized": SMALL | {"iterations": 40},
        "plateau": SMALL | {"tau": [0.1, 1], "iterations": 30},
        "more_neurons_than_points": SMALL | {"m": [40], "tau": [1, 10], "iterations": 30},
        "plateau_symmetrized": SMALL | {"tau": [0.1, 1], "iterations": 30},
        "tau_alpha_text": SMALL | CELLS | {"seeds": 1, "iterations": 30},
        "tau_alpha_code": SMALL | CELLS | {"seeds": 1, "iterations": 30},
        "tau_alpha_converged": SMALL | CELLS | {"seeds": 1, "iterations": 30},
        "fixed_step": SMALL | {"tau": [0.1, 1e4], "iterations": 30, "seeds": 1},
        "fixed_step_symmetrized": SMALL | {"tau": [0.1, 1e4], "iterations": 30, "seeds": 1},
        "convergence_symmetrized": SMALL | {"tau": [0.1, 10], "iterations": 30, "step_size": [0.01, 0.02]},
        "step_size": SMALL | {"tau": [0.1, 1], "step_size": [0.01, 1e9], "iterations": 30, "seeds": 1},
        "width_mean_field": SMALL | {"m": [2, 8], "iterations": 30, "seeds": 1},
        "width_ntk": SMALL | {"m": [2, 8], "iterations": 30, "seeds": 1},
        "population_loss": {
            "d": 4,
            "batch": 5,
            "n_test": 15,
            "m": [4],
            "tau": [0.1, 1],
            "seeds": 1,
            "iterations": 30,
        },
        "underparameterized": SMALL | {"tau": [0.1, 1], "iterations": 30, "seeds": 1},
        "neuron_paths": {"n_test": 15, "m": 4, "seeds": 1, "iterations": 30},
        "landscape_mean_field": LANDSCAPE,
        "landscape_ntk": LANDSCAPE | {"step_size": "10**(3 * m - 14)"},  # diverges at m = 6
        "vgg11": CNN,
        "depth_2": MODEL,
        "depth_3": MODEL | {"options": {"depth": 3, "width": 4}},
        **dict.fromkeys(OTHER_MODELS),
        "phase_plane": PLANE,
        "phase_plane_note": PLANE | {"m": [4], "coupling": [1]},
    },
}
"""Every experiment of the presets, tiny."""
NAMES = list(ALL["experiments"])
OTHERS = ["neuron_paths", "vgg11", "phase_plane", "phase_plane_note", *MODELS]
"""Of other kinds than sweeps."""
SWEEPS = [name for name in NAMES if name not in (*OTHERS, *OTHER_MODELS)]
KEPT = ["plateau", "plateau_symmetrized", *names.LANDSCAPES]
"""Whose weights are kept."""
RUNS = {
    "figures": 4 + 2 + 2 * 4 + 3 * 4 + 2 * 2 + 2 * 6,
    "theory": 2 * 2 * 2,
    "beyond": 4 + 2 * 2 + 2 + 2 + 4,
}


def only(**entries) -> dict:
    """An overlay with these experiments and no others."""
    return {"experiments": dict.fromkeys(NAMES) | entries}
