"""How arrays are laid out for the compiled kernels: padded with zeros to whole tiles."""

import numpy as np

VECTOR = 64
"""Bytes of a tile's row: one register with AVX-512, two with AVX2, four elsewhere."""
DEPTH = 4
"""A product's depth is a multiple of this: so many steps are unrolled."""
BLOCK = 128
"""Points whose features are kept."""


def lanes(dtype) -> int:
    """Numbers in a tile's row."""
    return VECTOR // np.dtype(dtype).itemsize
