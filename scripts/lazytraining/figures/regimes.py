"""The look of regimes: colours and hatching, which differ in grey too."""

from lazytraining.student import laziness

LOOKS = {
    laziness.LAZY: ("#56B4E9", ""),
    laziness.LEARNING: ("#D55E00", ""),
    laziness.RANDOM: ("#3B2A5A", ""),
    laziness.CROSSOVER: ("#F5E6A8", ""),
    laziness.UNFINISHED: ("#D9D9D9", "////"),
    laziness.DIVERGED: ("#FFFFFF", "xxxx"),
}
"""Colour and hatching of each."""
