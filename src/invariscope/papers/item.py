"""One figure, table or number of a source, and how results answer it."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from typing import Any

from invariscope.errors import UserError

Interval = dict[str, float]  # mean, ci_low, ci_high
# Of a path, what does not say where a result is from.
FOLDERS = frozenset(
    (
        "results",
        "training",
        "filter_gan",
        "screening",
        "features",
        "transformer",
        "unpooling",
        "comparison",
        "generative",
    )
)


@dataclass(frozen=True)
class Answer:
    """What the files of a pattern say. Of a file that has nothing to say, `words` gives None."""

    pattern: str  # of paths, `*` for any text
    words: Callable[[Path], str | None]

    def files(self, paths: Sequence[str]) -> list[str]:
        return [path for path in paths if fnmatchcase(path, self.pattern)]


@dataclass(frozen=True)
class Item:
    """`look_at`: names of the figures that show ours. `why_not`: why there is none, or less, of ours."""

    name: str
    theirs: str
    answers: tuple[Answer, ...] = ()
    look_at: tuple[str, ...] = ()
    why_not: str = ""


@dataclass(frozen=True)
class Source:
    title: str
    items: tuple[Item, ...]


def place(path: str) -> str:
    """Where a result is from: `digits, cnn5, conv4`."""
    return ", ".join(part for part in PurePosixPath(path).parts[:-1] if part not in FOLDERS)


def from_json(words: Callable[[dict[str, Any]], str | None]) -> Callable[[Path], str | None]:
    """A reading of a file of metrics, from one of its values."""

    def read(path: Path) -> str | None:
        try:
            return words(json.loads(path.read_text(encoding="utf-8")))
        except (ValueError, LookupError, TypeError, AttributeError) as error:
            said = type(error).__name__
            raise UserError(f"{path}: is damaged ({said}); remove it and run again") from None

    return read


def percent(share: float, digits: int = 0) -> str:
    return f"{100 * share:.{digits}f} %"


def with_interval(value: Interval, digits: int = 3) -> str:
    """A mean and its 95 % interval."""
    mean, low, high = (f"{value[key]:.{digits}f}" for key in ("mean", "ci_low", "ci_high"))
    return f"{mean} ({low} to {high})"


def in_points(value: Interval) -> str:
    """A difference of shares, in points of a hundred, and its 95 % interval."""
    mean, low, high = (f"{100 * value[key]:+.2f}" for key in ("mean", "ci_low", "ci_high"))
    return f"{mean} ({low} to {high}) points"
