"""scikit-learn's handwriting."""

import numpy as np

from invariscope.data.digits_8x8 import draw, enlarged

CONFIG = {"source": "digits_8x8", "test_share": 0.25}


def test_split_by_class_and_repeatable() -> None:
    first, again, other = (draw(CONFIG, seed, None) for seed in (0, 0, 1))
    assert sum(map(len, first.values())) == 1797
    assert first["train"].pixels.shape[1:] == (1, 28, 28)
    for name, images in first.items():
        np.testing.assert_array_equal(images.pixels, again[name].pixels)
        assert not np.array_equal(images.ids, other[name].ids)
    share = np.bincount(first["test"].labels) / np.bincount(np.concatenate([i.labels for i in first.values()]))
    np.testing.assert_allclose(share, 0.25, atol=0.005)
    assert set(first["train"].ids).isdisjoint(first["test"].ids)


def test_enlarging_keeps_the_picture() -> None:
    images = np.random.default_rng(0).random((3, 8, 8))
    smooth = (images + np.roll(images, 1, 1) + np.roll(images, 1, 2)) / 3
    large = enlarged(smooth, 32)
    assert np.abs(large.reshape(3, 8, 4, 8, 4).mean(axis=(2, 4)) - smooth).mean() < 0.05
    np.testing.assert_allclose(enlarged(smooth[:, :, ::-1], 32), large[:, :, ::-1], atol=1e-9)
    assert 0 <= large.min() <= large.max() <= 1
    np.testing.assert_allclose(enlarged(np.full((1, 8, 8), 0.5), 28), 0.5)
