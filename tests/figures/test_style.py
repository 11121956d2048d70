"""Files of figures."""

import pandas as pd
import PIL.Image
import plot_figure_2
from matplotlib import pyplot as plt

from lazytraining.figures import style
from lazytraining.files.provenance import of as provenance


def test_an_animation_has_its_frames_and_says_where_it_comes_from(tmp_path):
    figure, axes = plt.subplots()

    def frames():
        for x in (0, 1, 2):
            axes.plot(x, x, "o")
            yield figure

    path = tmp_path / "figure.gif"
    style.save_animation(frames(), path)
    with PIL.Image.open(path) as image:
        assert (image.n_frames, image.info["loop"]) == (3, 0)
    assert {"commit", "python", "machine", "date"} <= provenance(path).keys()


def test_figures_of_landscapes_survive_a_plane_that_is_not_there(tmp_path):
    row = {"experiment": "landscape_ntk", "m": 4, "explained": 0.5}
    cells = [
        row | {"x": x, "y": y, "test_loss": 1 + x * x + y * y}
        for x in (-1.0, 0.0, 1.0)
        for y in (-1.0, 0.0, 1.0)
    ]
    figure = plot_figure_2.draw(pd.DataFrame(cells), [4, 6])
    style.save(figure, tmp_path / "figure.png", tmp_path / "figure.pdf")
    assert (tmp_path / "figure.png").stat().st_size > 0
