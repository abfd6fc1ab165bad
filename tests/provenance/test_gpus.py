"""Counting GPUs, and limiting the jobs that use them."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from invariscope.provenance import engine, gpus


@pytest.fixture
def two_gpus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("nvidia0", "nvidia1", "nvidiactl", "nvidia-uvm"):
        (tmp_path / name).touch()
    monkeypatch.setattr(gpus, "DEVICES", tmp_path)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)


@pytest.mark.parametrize(
    ("visible", "count"), [(None, 2), ("0", 1), ("0,1", 2), ("", 0), ("-1", 0), ("GPU-8a,GPU-9b", 2)]
)
def test_count(two_gpus: None, monkeypatch: pytest.MonkeyPatch, visible: str | None, count: int) -> None:
    if visible is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    assert gpus.count_gpus() == count


def test_no_gpu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gpus, "DEVICES", tmp_path)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
    assert gpus.count_gpus() == 0


def test_limit_unless_the_user_set_one(two_gpus: None) -> None:
    free = SimpleNamespace(global_resources={})
    engine.limit_gpus(free)
    assert free.global_resources["gpu"].value == 2
    chosen = SimpleNamespace(global_resources={"gpu": 5})
    engine.limit_gpus(chosen)
    assert chosen.global_resources["gpu"] == 5
