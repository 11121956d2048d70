"""Files of figures."""

import PIL.Image
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
