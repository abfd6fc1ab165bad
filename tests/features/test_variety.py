"""Images that differ, and images in between."""

import pytest
import torch

from invariscope.classifiers.model_file import Classifier
from invariscope.features.objectives import Probe, parse, run_until
from invariscope.features.optimise import Optimisation, optimise
from invariscope.features.parameterizations import Pixels
from invariscope.features.robustness import Robustness
from invariscope.features.variety import cosines, dissimilar, interpolated
from invariscope.intensities import from_bytes

SHAPE = (1, 16, 16)


def alike(classifier: Classifier, images: torch.Tensor) -> float:
    maps = run_until(classifier, classifier.network[1], images).flatten(2)
    between = cosines(maps @ maps.transpose(1, 2), len(images))[0]
    return (between.sum() - between.trace()).item() / (len(images) * (len(images) - 1))


def test_interpolation_goes_from_one_objective_to_the_other(classifier: Classifier) -> None:
    first, second = parse("0:1"), parse("class:0")
    values = Probe(classifier, [first, second, *interpolated(first, second, [0.0, 0.25, 1.0])], SHAPE).all(
        torch.rand(3, *SHAPE)
    )
    torch.testing.assert_close(values[:, 2], values[:, 0])
    torch.testing.assert_close(values[:, 3], 0.75 * values[:, 0] + 0.25 * values[:, 1])
    torch.testing.assert_close(values[:, 4], values[:, 1])


def test_the_penalty_counts_equal_images_most(classifier: Classifier) -> None:
    penalty = dissimilar(classifier, "0", 2, weight=3.0)
    image, other = torch.rand(1, *SHAPE), torch.zeros(1, *SHAPE)
    assert penalty(torch.cat([image, image])).item() == pytest.approx(3.0 * 2, rel=1e-4)  # both, with cosine 1
    assert penalty(torch.cat([image, other])) < penalty(torch.cat([image, image]))


def test_groups_do_not_see_each_other(classifier: Classifier) -> None:
    images = torch.rand(4, *SHAPE, requires_grad=True)
    (gradient,) = torch.autograd.grad(dissimilar(classifier, "0", 2, 1.0)(images), images)
    one = images[:2].detach().requires_grad_()
    (alone,) = torch.autograd.grad(dissimilar(classifier, "0", 2, 1.0)(one), one)
    torch.testing.assert_close(gradient[:2], alone)


def test_diverse_images_differ_more_and_still_answer(classifier: Classifier) -> None:
    probe = Probe(classifier, [parse("class:1")], SHAPE)
    streams, settings = ["a", "b", "c"], Optimisation(steps=60)
    plain, diverse = (
        optimise(probe, [0, 0, 0], streams, Pixels(SHAPE), Robustness(), settings, 0, penalty)
        for penalty in (None, dissimilar(classifier, "1", 3, 20.0))
    )
    start = optimise(probe, [0, 0, 0], streams, Pixels(SHAPE), Robustness(), Optimisation(0), 0)
    assert alike(classifier, from_bytes(diverse.images)) < alike(classifier, from_bytes(plain.images)) - 0.05
    assert (diverse.values > start.values).all()
