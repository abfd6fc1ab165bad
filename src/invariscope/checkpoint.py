"""Checkpoints of long trainings: saved now and then, found again by what they were trained on, removed on success."""

import hashlib
import io
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, TypeVar

import torch

from invariscope.files import replacing
from invariscope.params import canonical
from invariscope.progress import track
from invariscope.termination import TERMINATION

Item = TypeVar("Item")
State = dict[str, Any]
FOLDER = Path(".checkpoints")  # outside declared outputs: both engines delete those before a run


class Checkpoint:
    """The state of one training (model, optimiser, random streams, position), as tensors and plain values.

    Job, parameters and the contents of `inputs` name everything that the result depends on: another training, or one
    with other parameters, other data, other code (list its files) or another torch never resumes from this one. `job`
    is the step, all that it is asked for by name (study, classifier, ...), and which of its trainings this is.
    """

    def __init__(
        self,
        job: Sequence[str | int],
        params: Mapping[str, Any],
        inputs: Sequence[Path],
        seconds: float = 60.0,
        folder: Path = FOLDER,
    ) -> None:
        key = {"torch": torch.__version__, "job": list(job), "params": dict(params)}
        digest = hashlib.sha256(canonical(key).encode())
        for path in inputs:
            with path.open("rb") as file:
                digest.update(hashlib.file_digest(file, "sha256").digest())
        self.path = folder / f"{digest.hexdigest()[:32]}.pt"
        self.seconds = seconds
        self._saved = time.monotonic()

    def load(self) -> State | None:
        """The saved state, or None if there is none that can be read."""
        try:
            return torch.load(self.path, map_location="cpu", weights_only=True)
        except FileNotFoundError:
            return None
        except Exception as error:  # a damaged checkpoint costs time, never the run
            reason = type(error).__name__
            print(f"{self.path}: cannot be read ({reason}), so training starts anew", file=sys.stderr)
            return None

    def due(self) -> bool:
        return time.monotonic() - self._saved >= self.seconds

    def save(self, state: State) -> bool:
        """Whether there was room for it. A disk that is full or read-only costs what could be resumed, not the run."""
        content = io.BytesIO()  # torch's own writer does not say what went wrong
        torch.save(state, content)
        try:
            with replacing(self.path) as temporary:
                temporary.write_bytes(content.getbuffer())
        except OSError as error:
            print(f"{self.path}: {error.strerror}, so no state is saved", file=sys.stderr)
            return False
        finally:
            self._saved = time.monotonic()
        return True

    def remove(self) -> None:
        self.path.unlink(missing_ok=True)


def resumable(items: Iterable[Item], checkpoint: Checkpoint | None, state: Callable[[], State]) -> Iterator[Item]:
    """Yield `items`, the steps of a training, and save what `state` gives between them: now and then, after the last
    (of several trainings those that are done stay done), and on SIGTERM, which ends the process after that."""
    if checkpoint is None:
        yield from items
        return
    with TERMINATION.deferred():
        for item in items:
            yield item
            if TERMINATION.asked:
                TERMINATION.save()
                if checkpoint.save(state()):
                    print("terminated: the state is saved, the same command goes on from there", file=sys.stderr)
                TERMINATION.leave()
            if checkpoint.due():
                checkpoint.save(state())
        checkpoint.save(state())


class Run(Protocol):
    """A training under way: everything that one iteration hands to the next."""

    iteration: int  # how many are done
    iterations: int

    def advance(self, iteration: int) -> None: ...

    def state(self) -> State: ...

    def restore(self, state: State) -> None: ...


def finish(run: Run, checkpoint: Checkpoint | None, label: str) -> None:
    """All iterations of a training, from where a run that was interrupted has left its state."""
    state = checkpoint.load() if checkpoint else None
    if state:
        run.restore(state)
    iterations = track(range(run.iteration, run.iterations), label, run.iterations, done=run.iteration)
    for iteration in resumable(iterations, checkpoint, run.state):
        run.advance(iteration)


def collect(left: Callable[[int], Iterable[Item]], total: int, checkpoint: Checkpoint | None, label: str) -> list[Item]:
    """The results of `total` jobs. `left(done)` yields those of all but the first `done`, which a run that was
    interrupted has left. They are tensors and plain values."""
    state = (checkpoint.load() if checkpoint else None) or {"results": []}
    results: list[Item] = state["results"]
    done = len(results)
    for result in resumable(track(left(done), label, total, done=done), checkpoint, lambda: state):
        results.append(result)
    return results
