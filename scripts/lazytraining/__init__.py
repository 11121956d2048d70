"""Lazy training of two-layer networks: the library that the workflow's scripts share.

It knows nothing of Snakemake. Arrows go one way: `descent` and `landscape` use `network`
and `problem`; `records` and `experiments` stand by themselves.
"""
