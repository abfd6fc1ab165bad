"""On a GPU: the same answers as on a CPU, the same bytes each time, and one line where its memory is too small."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from invariscope.params import PARAMS, load_yaml
from invariscope.runtime import open_device
from invariscope.screening.config import Rendering
from invariscope.screening.responses import STEP
from invariscope.screening.screen import screen
from invariscope.screening.transforms import transform
from tests.devices import needs_gpu
from tests.screening.test_screen import CPU, GRIDS, RENDERING, SWEEP, convolutions, pictures
from tests.test_resume import TRAININGS
from tests.toy import toy, write_params

pytestmark = needs_gpu


@pytest.fixture(scope="module")
def gpu() -> torch.device:
    open_device("cuda")
    return torch.device("cuda", torch.cuda.current_device())  # by number, which torch's limit of memory asks for


@pytest.mark.parametrize("interpolation", ["nearest", "bilinear", "bicubic"])
@pytest.mark.parametrize("family", GRIDS)
def test_a_transformation_is_the_same_on_both(family: str, interpolation: str, gpu: torch.device) -> None:
    images = pictures(20).tensors()[0]
    for magnitude in GRIDS[family]:
        rendering = Rendering(interpolation=interpolation)
        here, there = (
            transform(images.to(device), list(range(20)), family, magnitude, rendering, 0).cpu()
            for device in (CPU, gpu)
        )
        torch.testing.assert_close(there, here, atol=1e-5, rtol=0)


def test_a_screening_is_the_same_on_both(gpu: torch.device) -> None:
    images = pictures(150)
    here = screen(convolutions(), images, SWEEP, RENDERING, 0, CPU)
    there = screen(convolutions().to(gpu), images, SWEEP, RENDERING, 0, gpu, batch_size=40)
    assert np.array_equal(here.image_ids, there.image_ids)
    np.testing.assert_allclose(there.probabilities, here.probabilities, atol=1e-3)
    *_, second, first = np.moveaxis(np.sort(here.probabilities, axis=2), 2, 0)
    sure = first - second > 2e-3
    assert sure.mean() > 0.9 and np.array_equal(here.predicted[sure], there.predicted[sure])


@pytest.mark.parametrize("kind", TRAININGS)
def test_a_training_repeats_itself(kind: str, gpu: torch.device) -> None:
    outcomes = []
    for _ in range(2):
        torch.manual_seed(0)
        outcomes.append(TRAININGS[kind](gpu)(None))
    (learned, history), (again, repeated) = outcomes
    assert history == repeated
    assert all(torch.equal(one, other) for one, other in zip(learned, again, strict=True))


def peak(call: Callable[[], object], gpu: torch.device) -> int:
    """Bytes of the GPU that `call` takes."""
    torch.cuda.empty_cache()
    torch.cuda.reset_peak_memory_stats(gpu)
    call()
    return torch.cuda.max_memory_reserved(gpu)


def test_where_it_is_full_half_a_block_is_screened(gpu: torch.device, capsys: pytest.CaptureFixture[str]) -> None:
    wide = nn.Sequential(
        nn.Conv2d(3, 512, 3, padding=1), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(512, 4)
    )
    network, images = nn.Sequential(*wide).to(gpu).eval(), pictures(512, size=32)
    sweep = [("rotation", 0.0), ("rotation", 20.0)]

    def screened(size: int) -> np.ndarray:
        return screen(network, images, sweep, Rendering(), 0, gpu, size).probabilities

    expected = screened(64)
    half, whole = (peak(lambda size=size: screened(size), gpu) for size in (256, 512))  # type: ignore[misc]
    assert half < whole
    total = torch.cuda.get_device_properties(gpu).total_memory
    torch.cuda.empty_cache()
    torch.cuda.set_per_process_memory_fraction((half + whole) / 2 / total, gpu)
    try:
        found = screened(512)
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0, gpu)
    assert "out of GPU memory with 512 images at once: going on with 256" in capsys.readouterr().err
    np.testing.assert_allclose(found, expected, atol=2 * STEP)


def test_a_training_that_it_has_no_room_for_names_its_batch_size(project: Path) -> None:
    params = toy(load_yaml(project / PARAMS), ["digits"])
    params["digits"]["classifiers"]["cnn5"] |= {"widths": [4096] * 5}
    params["digits"]["classifiers"]["cnn5"]["training"]["batch_size"] = 250
    write_params(project, params)

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        small = (
            "import torch; torch.cuda.set_per_process_memory_fraction(0.02);"
            "import sys; from invariscope.__main__ import command; sys.argv[0] = 'invariscope'; command()"
        )
        command = [sys.executable, "-c", small, *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    made = run("prepare_data", "digits", "--data", "data/digits.parquet")
    assert made.returncode == 0, made.stderr
    outputs = ("model.safetensors", "history.parquet", "class-accuracy.parquet", "confusion.parquet", "metrics.json")
    named = [word for name in outputs for word in (f"--{Path(name).stem}", name)]
    full = run("train_classifier", "digits", "cnn5", "--data", "data/digits.parquet", *named)
    assert full.returncode == 1 and "Traceback" not in full.stderr
    *_, last = full.stderr.strip().splitlines()
    assert "out of GPU memory; lower digits.classifiers.cnn5.training.batch_size in params.yaml" in last
    assert not (project / "model.safetensors").exists()
