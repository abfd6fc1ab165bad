"""Checkpoints of long trainings: saved now and then, found again by what they were trained on, removed on success."""

import hashlib
import sys
import time
from pathlib import Path
from typing import Any

import torch

from invariscope.files import replacing
from invariscope.params import canonical

FOLDER = Path(".checkpoints")  # outside declared outputs: both engines delete those before a run


class Checkpoint:
    """The state of one training (model, optimiser, random streams, position), as tensors and plain values.

    `key` and the contents of `inputs` name everything that the result depends on: a training with other parameters,
    other data, other code (list its files) or another torch never resumes from this one.
    """

    def __init__(self, key: dict[str, Any], inputs: list[Path], seconds: float = 60.0, folder: Path = FOLDER) -> None:
        digest = hashlib.sha256(canonical({"torch": torch.__version__, "key": key}).encode())
        for path in inputs:
            with path.open("rb") as file:
                digest.update(hashlib.file_digest(file, "sha256").digest())
        self.path = folder / f"{digest.hexdigest()[:32]}.pt"
        self.seconds = seconds
        self._saved = time.monotonic()

    def load(self) -> dict[str, Any] | None:
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

    def save(self, state: dict[str, Any]) -> None:
        with replacing(self.path) as temporary:
            torch.save(state, temporary)
        self._saved = time.monotonic()

    def remove(self) -> None:
        self.path.unlink(missing_ok=True)
