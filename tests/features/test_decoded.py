"""Decoders of generative networks as parameterizations: each climbs beyond where it starts."""

import pytest
import torch

from invariscope.classifiers.model_file import Classifier
from invariscope.data.table import Images, StoredImages, open_data, write_data
from invariscope.features.ascent import LatentAscent
from invariscope.features.decoded import Decoders, decoded_images
from invariscope.features.objectives import Probe, parse
from invariscope.generative.config import AutoencoderTraining
from invariscope.generative.dcgan import Generator
from invariscope.generative.sheets import Network, drawn_images, images_of
from invariscope.generative.train import train
from invariscope.runtime import seeded

CPU = torch.device("cpu")
DECODERS = Decoders(("plain", "drawing"), candidates=40, starts=2, rounds=2, steps=12)


@pytest.fixture(scope="module")
def stored(images: Images, tmp_path_factory: pytest.TempPathFactory) -> StoredImages:
    path = tmp_path_factory.mktemp("decoded") / "discs.parquet"
    write_data(path, {"train": images})
    return open_data(path, "train")


@pytest.fixture(scope="module")
def networks(images: Images) -> dict[str, Network]:
    config = AutoencoderTraining(
        latent_dimension=3,
        encoder_widths=(4, 8),
        decoder_widths=(8, 4),
        dense_width=32,
        dense_layers=1,
        images=4000,
        batch_size=40,
        learning_rate=1e-2,
    )
    with seeded(CPU, 0, "generator"):
        generator = Generator(*images.shape[:2], 5, (8, 4)).eval()
    with torch.no_grad():
        for weight in generator.parameters():
            weight.mul_(20)  # untrained, and yet not all grey
    return {"plain": train(config, images, {}, 0, CPU)[0], "drawing": generator}


def test_images_are_better_than_the_best_start(
    classifier: Classifier, stored: StoredImages, networks: dict[str, Network]
) -> None:
    objectives = [parse("class:0"), parse("class:1"), parse("1:2")]
    probe = Probe(classifier, objectives, (classifier.channels, classifier.size, classifier.size))
    made = decoded_images(networks, probe, DECODERS, LatentAscent(), stored, 0)
    assert [one.parameterization for one in made] == ["plain", "drawing"]
    for one, network in zip(made, networks.values(), strict=True):
        assert list(one.images) == ["class:0", "class:1", "1:2"]
        some = images_of(network, network.encode(stored.at(range(300)).tensors()[0])) if one is made[0] else None
        starts = some if some is not None else drawn_images(network, 40, torch.Generator().manual_seed(0))
        reached = probe.all(torch.stack([torch.tensor(image) for image in one.images.values()]) / 255).diagonal()
        best = probe.all(torch.tensor(starts) / 255).amax(0)
        if one is made[0]:
            assert (reached >= best - 0.05).all()  # 8 bits round a little
        else:
            assert (reached > probe.all(torch.tensor(starts) / 255).mean(0)).all()


def test_equal_seeds_give_equal_images(
    classifier: Classifier, stored: StoredImages, networks: dict[str, Network]
) -> None:
    probe = Probe(classifier, [parse("class:0")], (classifier.channels, classifier.size, classifier.size))
    first, second = (decoded_images(networks, probe, DECODERS, LatentAscent(), stored, 3) for _ in range(2))
    for one, other in zip(first, second, strict=True):
        assert (one.images["class:0"] == other.images["class:0"]).all()
