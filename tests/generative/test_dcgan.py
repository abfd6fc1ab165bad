"""The DCGAN: the text's layers, the schedule's phases, and that training brings samples nearer to real images."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from invariscope.classifiers.architectures import build_network
from invariscope.classifiers.model_file import Classifier, Normalisation
from invariscope.data.table import Images
from invariscope.errors import UserError
from invariscope.generative import dcgan_train as training
from invariscope.generative.config import DcganTraining, Phases
from invariscope.generative.dcgan import Generator, discriminator
from invariscope.generative.dcgan_train import summarise, train
from invariscope.generative.network_file import load_network, save_network
from invariscope.runtime import seeded

CPU = torch.device("cpu")
SHORT = DcganTraining(
    phases=Phases(2, 2, 4),
    latent_dimension=8,
    widths=(16, 8),
    batch_size=20,
    learning_rate=1e-3,
    discriminator_learning_rate=1e-3,
    averaging=0.8,
    log_every=100,
    log_images=60,
)


@pytest.fixture(scope="module")
def judge() -> Classifier:
    config = {"architecture": "five_conv", "widths": [4, 4, 4, 4, 4], "pool_after": [1, 2], "batch_norm": True}
    with seeded(CPU, 0, "network"):
        network = build_network(config, 1, 16, 2)
    return Classifier(network, config, 1, 16, ["disc", "ring"], Normalisation((0.1,), (0.3,))).eval()


def test_the_layers_of_the_text() -> None:
    generator = Generator(3, 64, 100, (1024, 512, 256, 128)).eval()
    shapes = []
    for layer in generator.layers:
        layer.register_forward_hook(lambda layer, inputs, output: shapes.append((type(layer), tuple(output.shape[1:]))))
    made = generator.decode(generator.draw(2, torch.Generator().manual_seed(0)))
    maps = [shape for kind, shape in shapes if kind in (nn.Unflatten, nn.ConvTranspose2d)]
    assert maps == [(1024, 4, 4), (512, 8, 8), (256, 16, 16), (128, 32, 32), (3, 64, 64)]
    assert made.shape == (2, 3, 64, 64) and made.min() >= 0 and made.max() <= 1
    dense = generator.layers[0]
    assert isinstance(dense, nn.Linear) and dense.weight.numel() == 100 * 16384 and dense.bias.numel() == 16384
    kernels = [layer for layer in generator.layers if isinstance(layer, nn.ConvTranspose2d)]
    assert all(layer.kernel_size == (5, 5) and layer.stride == (2, 2) for layer in kernels)
    mirror = discriminator(3, 64, (1024, 512, 256, 128))
    assert mirror(made).shape == (2, 1)
    widths = [layer.out_channels for layer in mirror if isinstance(layer, nn.Conv2d)]
    assert widths == [128, 256, 512, 1024]


@pytest.mark.parametrize(("size", "widths"), [(28, (16, 8)), (48, (16, 8, 8, 4)), (16, (4,))])
def test_other_sizes(size: int, widths: tuple[int, ...]) -> None:
    generator = Generator(1, size, 5, widths).eval()
    assert generator.decode(torch.zeros(3, 5)).shape == (3, 1, size, size)
    with pytest.raises(UserError, match=r"multiple of 16 px, and these have 28"):
        Generator(1, 28, 5, (4, 4, 4, 4))


def weights(network: nn.Module) -> torch.Tensor:
    return torch.cat([weight.detach().flatten() for weight in network.parameters()])


def test_who_learns_in_each_phase(images: Images, held_out: Images, judge: Classifier) -> None:
    run = training.Run(SHORT, images, held_out, judge, 0, CPU)
    learnt = []
    for iteration in range(run.iterations):
        before = weights(run.discriminator), weights(run.generator)
        run.advance(iteration)
        learnt.append(
            tuple(
                not torch.equal(old, weights(network))
                for old, network in zip(before, (run.discriminator, run.generator), strict=True)
            )
        )
    assert learnt == [(True, False)] * 2 + [(False, True)] * 2 + [(True, True)] * 4
    first, *rows = run.history
    assert first["iteration"] == 0 and first["generator_loss"] is first["discriminator_loss"] is None
    assert [(row["iteration"], row["phase"]) for row in rows] == [(2, "discriminator"), (4, "generator"), (8, "both")]
    assert rows[0]["generator_loss"] is None and rows[1]["discriminator_loss"] is None
    assert all(rows[2][name] is not None for name in ("generator_loss", "discriminator_loss", "real", "generated"))


def test_the_generator_may_learn_more_often(images: Images, held_out: Images, judge: Classifier) -> None:
    run = training.Run(replace(SHORT, phases=Phases(2, 3, 4), generator_steps=2), images, held_out, judge, 0, CPU)
    for iteration in range(run.iterations):
        run.advance(iteration)
    steps = {
        name: {int(state["step"]) for state in optimiser.state.values()} for name, optimiser in run.optimisers.items()
    }
    assert steps == {"discriminator": {2 + 4}, "generator": {2 * (3 + 4)}}


@pytest.mark.parametrize("loss", ["non_saturating", "saturating"])
def test_both_losses_push_the_generator_the_same_way(
    images: Images, held_out: Images, judge: Classifier, loss: str
) -> None:
    """Against a fixed discriminator the generator's images come to be taken for real."""
    config = replace(SHORT, loss=loss, phases=Phases(20, 25, 1), averaging=0.0)
    run = training.Run(config, images, held_out, judge, 0, CPU)
    answers = [
        row["generated"] for row in (advanced(run, iteration) for iteration in range(45)) if row and row["iteration"]
    ]
    assert answers[0] < 0.45 and answers[1] > answers[0] + 0.2


def advanced(run: training.Run, iteration: int) -> dict | None:
    count = len(run.history)
    run.advance(iteration)
    return run.history[-1] if len(run.history) > count else None


def test_training_brings_samples_nearer(images: Images, held_out: Images, judge: Classifier) -> None:
    config = replace(SHORT, phases=Phases(10, 10, 300), averaging=0.9, batch_size=40)
    _, rows = train(config, images, held_out, judge, 0, CPU)
    assert rows[0]["iteration"] == 0 and rows[-1]["iteration"] == 320
    figures = summarise(Generator(1, 16, 8, (16, 8)), rows)
    assert figures["fall"] > 2
    assert figures["frechet_distance_before"] == rows[0]["frechet_distance"]


def test_equal_seeds_give_equal_files_and_others_do_not(
    images: Images, held_out: Images, judge: Classifier, tmp_path: Path
) -> None:
    def file(name: str, seed: int = 3) -> tuple[bytes, list]:
        made, rows = train(SHORT, images, held_out, judge, seed, CPU)
        save_network(made, tmp_path / name)
        return (tmp_path / name).read_bytes(), rows

    whole = file("first")
    assert file("second") == whole and file("other", seed=4) != whole


def test_a_generator_comes_back_from_its_file(tmp_path: Path) -> None:
    generator = Generator(1, 16, 8, (16, 8)).eval()
    save_network(generator, tmp_path / "model.safetensors")
    loaded = load_network(tmp_path / "model.safetensors", CPU)
    z = generator.draw(4, torch.Generator().manual_seed(1))
    assert torch.equal(loaded.decode(z), generator.decode(z)) and not loaded.training


def test_divergence_is_said(images: Images, held_out: Images, judge: Classifier) -> None:
    with pytest.raises(UserError, match=r"dcgan: learning_rate: 1e\+30 made a loss infinite"):
        train(replace(SHORT, learning_rate=1e30, discriminator_learning_rate=1e30), images, held_out, judge, 0, CPU)


def test_samples_come_from_the_whole_cube() -> None:
    generator = Generator(1, 16, 8, (16, 8))
    drawn = generator.draw(2000, torch.Generator().manual_seed(0))
    assert drawn.min() >= -1 and drawn.max() <= 1 and np.allclose(drawn.std().item(), 3**-0.5, atol=0.02)
