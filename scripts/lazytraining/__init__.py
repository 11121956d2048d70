"""Lazy training of two-layer networks: the library that the workflow's scripts share.

It knows nothing of Snakemake. `descent`, `tangent` and `landscape` use `network` and `problem`;
`experiments` is the configuration, `records` and `tables` the files, `plots` and `style` the figures.
"""
