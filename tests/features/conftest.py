"""Images and a classifier for the tests of feature visualisation."""

from tests.discs import classifier, held_out, images, seeded_torch

__all__ = ["classifier", "held_out", "images", "seeded_torch"]
