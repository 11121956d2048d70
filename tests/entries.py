"""Configurations that are right, each with the changes that a test asks for."""

from tiny import TINY

from lazytraining.config.parts import PROBLEM

JOB = {
    "experiment": "mine",
    "seed": 0,
    "model": "mlp",
    "options": {"depth": 2, "width": 12, "activation": "tanh"},
    "data": "digits",
    "task": "classification",
    "alpha": [1.0, 1000.0, 10000.0],
    "tau": [1.0],
    "centre": True,
    "step": ["auto"],
    "iterations": 40,
    "n_train": 30,
    "n_test": 30,
    "kernel_points": 8,
}
"""What a job that trains a module is told."""


def config(**changes) -> dict:
    return {"results": "results/test", "experiments": {"tiny": TINY | changes}}


def without(key: str) -> dict:
    return {"results": "r", "experiments": {"tiny": {k: v for k, v in TINY.items() if k != key}}}


def landscape(**changes) -> dict:
    return {
        "results": "r",
        "experiments": {
            "landscape_ntk": TINY
            | {"keep_weights": True, "data_seed": 0, "seeds": 3, "alpha": ["1/sqrt(m)"]}
            | changes
        },
    }


def theory(**changes) -> dict:
    keys = {name: TINY[name] for name in PROBLEM}
    keys |= {
        "seeds": 1,
        "m": 4,
        "widths": [4],
        "tau": [1, 100],
        "alpha": [1],
        "step_size": 0.1,
        "iterations": 3,
    }
    return config() | {"theory": keys | changes}


def neurons(**changes) -> dict:
    keys = {
        "kind": "neurons",
        "n_train": 5,
        "n_test": 5,
        "teacher_neurons": 3,
        "m": 4,
        "tau": [1],
        "seeds": 1,
    }
    return {"results": "r", "experiments": {"paths": keys | {"step_size": 0.1, "iterations": 3} | changes}}


def vgg11(**changes) -> dict:
    keys = {"kind": "model", "model": "vgg11", "data": "digits_32", "task": "classification", "alpha": [1]}
    keys |= {"iterations": 1, "seeds": 1, "precision": "float32"}
    return {"results": "r", "experiments": {"vgg11": keys | changes}}


def plane(**changes) -> dict:
    keys = {"kind": "phase", "d": 3, "n_train": 5, "n_test": 5, "teacher_neurons": 3, "teacher_gain": 1}
    keys |= {"m": [3, 4], "coupling": [1], "symmetrize": [True, False], "seeds": 1, "cfl": 0.5, "stop": 1e-3}
    keys |= {"iterations": 3, "lazy": {"gap": 0.1, "kernel": 0.1}, "collapse": {"kept": 0.1, "hidden": 0.3}}
    return {"results": "r", "experiments": {"plane": keys | changes}}
