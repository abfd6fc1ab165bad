"""Devices, threads, and what happens where a GPU is full."""

import multiprocessing
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from invariscope.errors import UserError
from invariscope.runtime import halving, open_device, own_gpu, seeded, side_by_side, torch_generator

CPU = torch.device("cpu")
FORK = multiprocessing.get_context("fork")  # processes of their own that need not import torch again


@pytest.mark.parametrize("name", ["cuda:99", "cpu:1", "cuda:x", "tpu", "", "CPU"])
def test_a_device_that_is_not_there_is_refused_with_those_that_are(name: str) -> None:
    with pytest.raises(UserError, match="use auto") as error:
        open_device(name)
    assert "cpu" in str(error.value) and repr(name) in str(error.value)


def test_auto_opens_something_and_fixes_the_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    assert open_device("auto").type in ("cpu", "cuda", "mps")
    assert torch.get_num_threads() == 1
    assert torch.are_deterministic_algorithms_enabled()


@pytest.mark.parametrize("text", ["0", "-1", "two", "1.5", "²"])
def test_a_wrong_number_of_threads_is_refused(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INVARISCOPE_THREADS", text)
    with pytest.raises(UserError, match="INVARISCOPE_THREADS"):
        open_device("cpu")


def hold_gpu(together: Any, pipe: Any) -> None:
    """What a job does: take a GPU, and keep it."""
    own_gpu.cache_clear()
    together.wait(30)
    pipe.send(own_gpu())
    pipe.recv()


@pytest.fixture
def job(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Callable[[Any], Any]]:
    """Starts a process on a machine with three GPUs; gives it, and its end of a pipe that tells which one it took."""
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 3)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda number: SimpleNamespace(uuid=f"GPU-{number}"))
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path))
    started = []

    def start(together: Any) -> Any:
        ours, theirs = FORK.Pipe()
        process = FORK.Process(target=hold_gpu, args=(together, theirs))
        process.start()
        started.append(process)
        return process, ours

    yield start
    for process in started:
        process.kill()
        process.join()


def took(pipe: Any) -> int:
    assert pipe.poll(30)
    return pipe.recv()


def test_jobs_that_start_at_once_take_different_gpus(job: Callable[[Any], Any]) -> None:
    together = FORK.Barrier(3)
    jobs = [job(together) for _ in range(3)]
    numbers = [took(pipe) for _, pipe in jobs]
    assert sorted(numbers) == [0, 1, 2]
    assert took(job(FORK.Barrier(1))[1]) in range(3)  # all are held: shared
    jobs[1][0].kill()
    jobs[1][0].join()
    assert took(job(FORK.Barrier(1))[1]) == numbers[1]  # a killed job holds nothing


@pytest.mark.parametrize(("room", "tried"), [(100, [64]), (40, [64, 32]), (32, [64, 32])])
def test_half_as_many_images_are_tried_once_when_a_gpu_is_full(room: int, tried: list[int]) -> None:
    sizes = []

    def compute(size: int) -> str:
        sizes.append(size)
        if size > room:
            raise torch.OutOfMemoryError
        return "done"

    assert halving(compute, 64) == "done" and sizes == tried


@pytest.mark.parametrize(("size", "tried"), [(64, 2), (1, 1)])
def test_a_gpu_too_full_for_half_as_many_is_an_error(size: int, tried: int) -> None:
    sizes = []

    def compute(size: int) -> None:
        sizes.append(size)
        raise torch.OutOfMemoryError

    with pytest.raises(torch.OutOfMemoryError):
        halving(compute, size)
    assert len(sizes) == tried


def test_streams_are_told_apart_by_seed_and_name() -> None:
    def draw(*names: str | int, seed: int = 0) -> list[float]:
        return torch.rand(4, generator=torch_generator(seed, *names)).tolist()

    assert draw("a", 1) == draw("a", 1)
    assert len({str(draw(*names)) for names in [("a", 1), ("a", 2), ("b", 1), ("a",)]}) == 4
    assert draw("a", seed=1) != draw("a")


def test_a_seeded_block_repeats_itself_and_leaves_no_trace() -> None:
    torch.manual_seed(3)
    expected = torch.rand(2).tolist()
    torch.manual_seed(3)
    drawn = []
    for _ in range(2):
        with seeded(CPU, 0, "weights"):
            drawn.append(torch.rand(2).tolist())
    with pytest.raises(KeyError), seeded(CPU, 0, "weights"):
        raise KeyError
    assert drawn[0] == drawn[1] != expected
    assert torch.rand(2).tolist() == expected


@pytest.mark.parametrize("threads", [1, 3])
def test_side_by_side_keeps_the_order_and_computes_each_item_in_one_thread(threads: int) -> None:
    before = torch.get_num_threads()
    asked = []

    def items() -> Iterator[int]:
        for number in range(10):
            asked.append(number)
            yield number

    try:
        torch.set_num_threads(threads)
        found = side_by_side(lambda number: (number, torch.get_num_threads()), items(), CPU)
        assert next(found) == (0, 1) and len(asked) <= threads + 1
        assert list(found) == [(number, 1) for number in range(1, 10)]
        assert torch.get_num_threads() == threads
    finally:
        torch.set_num_threads(before)


def test_side_by_side_lets_errors_through() -> None:
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(2)
        with pytest.raises(ZeroDivisionError):
            list(side_by_side(lambda number: 1 / number, [1, 0, 1], torch.device("cpu")))
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)
