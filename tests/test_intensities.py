"""Intensities as bytes and back."""

import torch

from invariscope.intensities import from_bytes, to_bytes


def test_every_byte_comes_back() -> None:
    values = torch.arange(256, dtype=torch.uint8)
    assert torch.equal(to_bytes(from_bytes(values)), values)


def test_the_nearest_byte_is_taken_and_nothing_wraps_around() -> None:
    images = torch.tensor([[-0.5, 0.0019, 0.0021], [0.4999, 1.0, 1.5]])
    assert to_bytes(images).tolist() == [[0, 0, 1], [127, 255, 255]]
