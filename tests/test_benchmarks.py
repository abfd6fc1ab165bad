"""The benchmarks at toy sizes: their rows, and that their variants do what their names say."""

import argparse
import math
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from benchmarks import dcgan, features, filter_gan, screening, timing
from invariscope.classifiers.initial import new_classifier
from invariscope.classifiers.model_file import save_classifier
from invariscope.data.table import write_data
from invariscope.features.latent_box import images, uniform
from invariscope.features.objectives import Objective, Probe, Unit
from invariscope.filter_gan import train
from invariscope.screening.config import Rendering
from invariscope.screening.transforms import transform
from tests.discs import discs_and_rings

CPU = torch.device("cpu")
SIZES = filter_gan.Sizes(
    layers=("conv2",),
    batches=(4,),
    repeats=2,
    convolutions=((4, 6, 8, 2),),
    points=3,
    steps=1,
    traversal_repeats=1,
    scaling_points=(40,),
)


@pytest.fixture(scope="module")
def rows() -> list[dict[str, Any]]:
    return list(filter_gan.rows(CPU, SIZES))


def test_every_comparison_has_its_rows(rows: list[dict[str, Any]]) -> None:
    against = {(row["name"], row["baseline"]) for row in rows}
    step, convolution = "GAN step, conv2, batch 4", "convolution 4 to 6 at 8 px, stride 2, batch 4"
    for title in (step, convolution):
        assert {(f"{title}: {name}", filter_gan.LOOP) for name in filter_gan.VARIANTS} <= against
    assert (f"{step}: {filter_gan.OURS}", filter_gan.SHARED) in against
    for name in (filter_gan.BATCHED, filter_gan.SINGLY):
        assert (f"traversal, conv2, 3 points, 1 steps: {name}", filter_gan.SINGLY) in against
    assert any("40 points" in name and baseline == "scikit-learn" for name, baseline in against)


def test_a_ratio_is_the_baselines_time_over_its_own(rows: list[dict[str, Any]]) -> None:
    for row in rows:
        assert row["seconds"] > 0 and row["device"] == "cpu" and row["repeats"] > 0
        assert math.isclose(row["ratio"], row["baseline_seconds"] / row["seconds"])
        assert timing.line(row)
    by_name = {row["name"]: row for row in rows if row["baseline"] == filter_gan.LOOP}
    loop = by_name[f"GAN step, conv2, batch 4: {filter_gan.LOOP}"]
    ours = by_name[f"GAN step, conv2, batch 4: {filter_gan.OURS}"]
    assert loop["ratio"] == 1 and ours["baseline_seconds"] == loop["seconds"]


@pytest.mark.parametrize("name", [name for name in filter_gan.VARIANTS if name != filter_gan.SHARED])
def test_the_variants_convolve_alike(name: str) -> None:
    convolution = nn.Conv2d(3, 5, 3, padding=1)
    x, banks = torch.randn(4, 3, 6, 6), torch.randn(4, *convolution.weight.shape)
    expected = filter_gan.convolve_loop(x, banks, convolution)
    torch.testing.assert_close(filter_gan.VARIANTS[name](x, banks, convolution), expected, rtol=1e-4, atol=1e-5)


def test_the_step_that_is_timed_uses_the_variant(monkeypatch: pytest.MonkeyPatch) -> None:
    met: list[tuple[int, int]] = []

    def spy(x: Tensor, banks: Tensor, convolution: nn.Conv2d) -> Tensor:
        met.append((len(x), len(banks)))
        return filter_gan.convolve_shared(x, banks, convolution)

    own = train.convolve_banks
    for name in (filter_gan.OURS, filter_gan.SHARED):
        monkeypatch.setitem(filter_gan.VARIANTS, name, spy)
        filter_gan.training_step(CPU, "conv2", 4, name)()
    assert met == [(4, 4), (4, 1)]  # one shared bank: one code, generated once
    assert train.convolve_banks is own


def test_every_case_runs_once_to_warm_up_and_then_once_a_round() -> None:
    order: list[str] = []
    cases = {name: (lambda name=name: order.append(name)) for name in "abc"}
    filter_gan.interleaved(cases, 2, CPU)
    assert "".join(order) == "abcbcacab"


SCREENING = screening.Sizes(networks=("alexnet",), size=32, images=3, repeats=1, every=9)


def test_screening_is_held_against_inference_and_single_images() -> None:
    found = list(screening.rows(CPU, SCREENING))
    whole = [row for row in found if row["name"].startswith("alexnet")]
    baselines = [(row["name"].rsplit(": ")[-1], row["baseline"]) for row in whole]
    assert (screening.SCREENING, screening.INFERENCE) in baselines and (
        screening.SCREENING,
        screening.SINGLY,
    ) in baselines
    assert any(row["name"].startswith("all families") and row["baseline"] == screening.SINGLY for row in found)
    for row in found:
        assert (
            math.isclose(row["ratio"], row["baseline_seconds"] / row["seconds"]) and "3 images of 32 px" in row["name"]
        )


@pytest.mark.parametrize(
    ("family", "magnitude"),
    [
        *(("translation_x", 0.25), ("translation_y", -0.25), ("rotation", 90.0), ("zoom", 2.0), ("brightness", 0.3)),
        *(("contrast", 1.5), ("grayscale", 0.4)),
    ],
)
def test_single_images_are_transformed_alike(family: str, magnitude: float) -> None:
    """The baseline does the same work: torchvision's transforms give what ours give."""
    images = screening.noise_images(SCREENING).tensors()[0]
    ours = transform(images, range(len(images)), family, magnitude, Rendering())
    theirs = torch.stack([screening.transformed_singly(image, family, magnitude) for image in images])
    torch.testing.assert_close(theirs[..., 1:-1, 1:-1], ours[..., 1:-1, 1:-1], atol=2e-3, rtol=0)


FEATURES = features.Sizes(samples=8, climbers=3, images=2, steps=2, size=32, apart=2, repeats=1)


def test_the_latent_search_is_held_against_single_samples_and_objectives() -> None:
    found = list(features.rows(CPU, FEATURES))
    against = {(row["name"].rsplit(": ")[-1], row["baseline"]) for row in found}
    assert {(features.OURS, features.SINGLY), (features.OURS, features.APART)} <= against
    assert any(row["name"].startswith("latent ascent, a step of 3 climbers") for row in found)
    assert any(row["name"] == "images of 2 units, 2 steps, 32 px: ours" for row in found)
    for row in found:
        assert math.isclose(row["ratio"], row["baseline_seconds"] / row["seconds"])


def test_single_samples_give_the_same_best() -> None:
    """The baselines do the same work: of the same samples they find what one pass finds."""
    decoder, network = features.untrained_decoder(FEATURES, CPU), features.untrained_classifier(FEATURES, CPU)
    objectives = [Objective(((1.0, Unit("conv3", number)),)) for number in range(3)]
    probe = Probe(network, objectives, (3, 32, 32))
    points = uniform(decoder, 8, 0)
    together = probe.all(images(decoder, points)).amax(0)
    torch.testing.assert_close(features.searched_singly(decoder, [probe], points)[0], together, rtol=1e-3, atol=1e-5)
    apart = features.searched_singly(decoder, [Probe(network, [one], (3, 32, 32)) for one in objectives], points)
    torch.testing.assert_close(torch.cat(apart), together, rtol=1e-3, atol=1e-5)


def test_the_frontier_of_the_dcgan_has_a_row_a_training(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dcgan, "ALONE", 1)
    images = discs_and_rings(40, seed=1)
    write_data(tmp_path / "data.parquet", {"train": images, "test": images})
    judge = new_classifier({"architecture": "five_conv", "widths": [4] * 5, "training": {}}, images, 0, CPU)
    save_classifier(judge, tmp_path / "judge.safetensors")
    options = argparse.Namespace(
        data=tmp_path / "data.parquet",
        judge=tmp_path / "judge.safetensors",
        widths=[4, 8],
        generator_steps=[1, 2],
        discriminator_rates=[1e-3],
        seeds=[0],
        batches=2,
        images=20,
    )
    found = list(dcgan.rows(options, CPU))
    assert [(row["width"], row["generator_steps"]) for row in found] == [(4, 1), (4, 2), (8, 1), (8, 2)]
    assert len({row["frechet_distance"] for row in found}) == 4 and all(row["fall"] > 0 for row in found)
    assert all(0 < row["classes"] <= 1 for row in found)
