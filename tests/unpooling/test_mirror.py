"""The mirror of a classifier: its switches, its control without them, and what has no mirror."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from invariscope.classifiers.model_file import Classifier, Normalisation
from invariscope.errors import UserError
from invariscope.unpooling.mirror import Layer, Mirrors, chain_of, unpool, upper_left
from tests.unpooling.small import ALEXNET, FIVE_CONV, RESNET, SIZE, chain_classifier

NAMES = ("one", "two", "three")
POOLING = Layer("pooling", "pool1", 5, 5, 8, 2, 2, 0)


def mirrors_of(classifier: Classifier, width: int = 7) -> Mirrors:
    return Mirrors(chain_of(classifier).layers, len(classifier.class_names), width).eval()


def test_switches_put_every_maximum_back_where_it_was() -> None:
    maps = torch.randn(3, 5, 8, 8)
    pooled, places = F.max_pool2d(maps, 2, return_indices=True)
    back = unpool(pooled, places, 8)
    assert torch.equal(back, F.max_unpool2d(pooled, places, 2))
    assert torch.equal(back[back != 0], maps[back != 0]) and (back != 0).sum() == pooled.numel()
    windows = maps.unfold(2, 2, 2).unfold(3, 2, 2).flatten(4)  # (N, C, 4, 4, 2 * 2)
    kept = back.unfold(2, 2, 2).unfold(3, 2, 2).flatten(4) != 0
    assert torch.equal(kept, windows == windows.amax(4, keepdim=True))
    again, same = F.max_pool2d(back.abs(), 2, return_indices=True)  # abs: a negative maximum loses against the zeros
    assert torch.equal(again, pooled.abs()) and torch.equal(same, places)


def test_odd_edges_and_overlapping_windows_go_back_too() -> None:
    maps = torch.rand(2, 3, 7, 7) + 0.1
    for kernel in (2, 3):  # a row beyond the windows; windows that share pixels
        pooled, places = F.max_pool2d(maps, kernel, 2, return_indices=True)
        back = unpool(torch.ones_like(pooled), places, 7)
        assert torch.equal(back.flatten(2).sum(2), torch.full((2, 3), 9.0))  # nothing is lost where two agree
        chosen = torch.zeros(2, 3, 49).scatter(2, places.flatten(2), 1).unflatten(2, (7, 7)) > 0
        assert torch.equal(back > 0, chosen)


def test_without_switches_values_go_to_the_upper_left() -> None:
    values = torch.rand(2, 5, 4, 4)
    back = unpool(values, upper_left(POOLING, values), 8)
    assert torch.equal(back[:, :, ::2, ::2], values) and back.count_nonzero() == values.numel()


def test_only_the_switches_know_where_in_its_window_a_maximum_was() -> None:
    network = nn.Sequential(nn.Conv2d(1, 4, 1), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(64, 2))
    classifier = Classifier(network, {}, 1, 8, ("a", "b"), Normalisation((0.0,), (1.0,)))
    nn.init.ones_(network[0].weight)
    chain, mirrors = chain_of(classifier), mirrors_of(classifier)
    made: dict[bool, list[torch.Tensor]] = {True: [], False: []}
    for row, column in ((2, 4), (3, 5)):  # one window
        x = torch.zeros(1, 1, 8, 8)
        x[0, 0, row, column] = 1
        for use, mirror in mirrors.variants().items():
            made[use].append(mirror(*chain.encode(x)))
    assert torch.equal(*made[False])
    assert not torch.equal(*made[True])
    moved = made[True][0].roll((1, 1), (2, 3))  # the window's own value moved, and nothing else
    assert torch.allclose(moved[0, :, 3, 5], made[True][1][0, :, 3, 5])


def test_both_variants_have_the_same_parameters() -> None:
    with_switches, without = mirrors_of(chain_classifier(NAMES)).variants().values()
    first, second = with_switches.state_dict(), without.state_dict()
    assert first.keys() == second.keys() and all(torch.equal(first[name], second[name]) for name in first)
    assert not {id(weight) for weight in with_switches.parameters()} & {id(weight) for weight in without.parameters()}
    assert (with_switches.use_switches, without.use_switches) == (True, False)


@pytest.mark.parametrize(("config", "size"), [(FIVE_CONV, 24), (FIVE_CONV, 27), (ALEXNET, 28), (ALEXNET, 48)])
def test_a_mirror_is_the_classifier_in_reverse_at_the_same_sizes(config: dict, size: int) -> None:
    classifier = chain_classifier(NAMES, config, 3, size)
    chain, mirrors = chain_of(classifier), mirrors_of(classifier)
    x = torch.rand(2, 3, size, size)
    maps, switches = chain.encode(x)
    for mirror in mirrors.variants().values():
        stages = list(mirror.stages(maps, switches))
        assert [layer for layer, _ in stages] == list(reversed(chain.layers))
        assert all(made.shape[2:] == (layer.size, layer.size) for layer, made in stages)
        assert all(made.shape[1] == layer.inputs for layer, made in stages[:-1])
        assert stages[-1][1].shape == (2, 7, size, size)
        assert mirror.labels(stages[-1][1]).shape == (2, size, size)


@pytest.mark.parametrize("config", [FIVE_CONV, ALEXNET])
def test_the_chain_is_what_the_classifier_computes(config: dict) -> None:
    classifier = chain_classifier(NAMES, config, 3, 28)
    x, seen = torch.rand(2, 3, 28, 28), []
    network = classifier.network
    first_dense = next(module for module in network.modules() if isinstance(module, nn.Linear))
    first_dense.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    classifier(x)
    assert torch.allclose(chain_of(classifier).encode(x)[0].flatten(1), seen[0])


def test_logits_at_pixels_are_those_of_the_label_map() -> None:
    mirror = mirrors_of(chain_classifier(NAMES)).switches
    maps = torch.randn(2, 7, 6, 6).contiguous(memory_format=torch.channels_last)
    everywhere = torch.arange(36).expand(2, 36)
    logits = mirror.logits(maps, everywhere)
    assert logits.shape == (2, 36, 4)
    assert torch.equal(logits.argmax(2).unflatten(1, (6, 6)), mirror.labels(maps))
    assert torch.allclose(mirror.logits(maps, everywhere[:, 7:8])[1, 0], mirror.readout(maps[1, :, 1, 1]))


def own(*layers: nn.Module, size: int = 16) -> Classifier:
    return Classifier(nn.Sequential(*layers), {}, 3, size, NAMES, Normalisation((0.0,) * 3, (1.0,) * 3))


@pytest.mark.parametrize(
    ("classifier", "words"),
    [
        (lambda: chain_classifier(NAMES, RESNET, 3, 32), "is a network of branches, which has no mirror"),
        (lambda: own(nn.Conv2d(3, 4, 3), nn.AvgPool2d(2), nn.Flatten()), r"'1' \(AvgPool2d\) has no mirror"),
        (lambda: own(nn.Conv2d(3, 4, 3, stride=2), nn.Flatten()), "has no max-pooling"),
        (lambda: own(nn.Conv2d(3, 4, 3, dilation=2), nn.MaxPool2d(2), nn.Flatten()), "'0' is dilated, grouped"),
        (lambda: own(nn.Conv2d(3, 4, 3), nn.MaxPool2d(2, ceil_mode=True), nn.Flatten()), "'1' is dilated, grouped"),
    ],
)
def test_what_is_no_chain_is_refused_with_those_that_are(classifier: object, words: str) -> None:
    with pytest.raises(UserError, match=rf"{words}.*five_conv, five_conv_dense and alexnet are"):
        chain_of(classifier())


def test_images_of_another_size_are_refused() -> None:
    with pytest.raises(UserError, match="train it on them"):
        chain_of(chain_classifier(NAMES)).encode(torch.rand(1, 3, SIZE + 1, SIZE + 1))


def test_a_layer_that_is_used_twice_runs_twice() -> None:
    relu = nn.ReLU()
    classifier = own(nn.Conv2d(3, 4, 3), relu, nn.MaxPool2d(2), nn.Conv2d(4, 4, 3), relu, nn.Flatten())
    assert (chain_of(classifier).encode(torch.randn(1, 3, 16, 16))[0] >= 0).all()
