"""Which output of a network means which class: a file that says so, or what torchvision says of published weights."""

import json
from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from invariscope.data import published
from invariscope.errors import UserError, placed

SUFFIXES = (".json", ".txt")
WORDS = "a key (such as n01440764), a readable name or an index"


@dataclass(frozen=True)
class ClassIndex:
    """All classes of a network by index: the key of each, such as a WordNet number, and its readable name."""

    keys: tuple[str, ...]
    names: tuple[str, ...]

    def class_names(self) -> tuple[str, ...]:
        """Readable names, those that are alike with their keys: ImageNet has two cranes."""
        counts = Counter(self.names)
        return tuple(
            f"{name} ({key})" if counts[name] > 1 else name for key, name in zip(self.keys, self.names, strict=True)
        )

    def index_of(self, folder: str) -> int:
        """The class that a folder's name means: a key, else a readable name or an index, whichever only one class has.

        In readable names capitals do not count, nor whether words are joined by spaces or by _.
        """
        if folder in self._of_key:
            return self._of_key[folder]
        matches = self._of_name.get(_plain(folder), set())
        if len(matches) > 1:
            meant = " or ".join(self.keys[index] for index in sorted(matches))
            raise UserError(f"could be class {meant}; rename the folder to one of these")
        if not matches:
            raise UserError(f"is none of the {len(self.keys)} classes; rename the folder to {WORDS}")
        return next(iter(matches))

    @cached_property
    def _of_key(self) -> dict[str, int]:
        return {key: index for index, key in enumerate(self.keys)}

    @cached_property
    def _of_name(self) -> dict[str, set[int]]:
        """The classes that each readable name, or index written out, may mean."""
        found: dict[str, set[int]] = {}
        for index, names in enumerate(zip(self.names, self.class_names(), strict=True)):
            for name in (*names, str(index)):
                found.setdefault(_plain(name), set()).add(index)
        return found


def read_class_index(name: str) -> ClassIndex:
    """The classes in a file, or those of torchvision's weights `<architecture>.<WEIGHTS>`.

    A .json file has `{"0": ["n01440764", "tench"], ...}`, a .txt file a line a class in the order of the outputs:
    a key, then its readable name; a line of one word is both. Raises UserError if it is not there, or says otherwise.
    """
    path = Path(name)
    if path.suffix not in SUFFIXES:
        with placed("params.yaml: data.classes"):
            names = published.class_names(name)
        return ClassIndex(tuple(map(str, range(len(names)))), names)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise UserError(f"{path}: no such file; put the list of classes there, or mend data.classes") from None
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: cannot be read as text ({error}); mend it, or mend data.classes") from None
    with placed(path):
        rows = _json_rows(text) if path.suffix == ".json" else _text_rows(text)
        repeated = [key for key, count in Counter(key for key, _ in rows).items() if count > 1]
        if repeated:
            classes = " and ".join(str(index) for index, (key, _) in enumerate(rows) if key == repeated[0])
            raise UserError(f"{repeated[0]!r} is the key of classes {classes}; every class needs its own")
        return ClassIndex(tuple(key for key, _ in rows), tuple(readable for _, readable in rows))


def _text_rows(text: str) -> list[tuple[str, str]]:
    """Key and readable name by index. Raises UserError naming an empty line."""
    lines = text.rstrip().splitlines()
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            raise UserError(f"line {number} is empty; it needs a line a class, in the order of the outputs")
    if not lines:
        raise UserError("is empty; it needs a line a class, in the order of the outputs")
    words = [line.split(maxsplit=1) for line in lines]
    return [(parts[0], parts[-1].strip()) for parts in words]


def _json_rows(text: str) -> list[tuple[str, str]]:
    """Key and readable name by index. Raises UserError for what is no such list."""
    form = 'it must be {"0": ["n01440764", "tench"], "1": ...}'
    try:
        pairs = json.loads(text, object_pairs_hook=lambda pairs: pairs)  # not a dict: it would hide what stands twice
    except (ValueError, RecursionError) as error:
        raise UserError(f"is no valid JSON ({str(error).splitlines()[0]}); {form}") from None
    rows: dict[int, tuple[str, str]] = {}
    for pair in pairs if isinstance(pairs, list) else [pairs]:
        match pair:
            case (str(index), [str(key), str(readable)]) if _is_index(index):
                pass
            case (str(index), str(key)) if _is_index(index):
                readable = key
            case _:
                raise UserError(f"has {str(pair)[:60]!r} where an index and its class should be; {form}")
        if int(index) in rows:
            raise UserError(f"has index {int(index)} twice; every output has one class")
        rows[int(index)] = (key, readable)
    if not rows:
        raise UserError(f"has no classes; {form}")
    for place in range(len(rows)):
        if place not in rows:
            raise UserError(f"has {len(rows)} classes, but none of index {place}; indices must be 0, 1, 2, ...")
    return [rows[place] for place in range(len(rows))]


def _is_index(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 10


def _plain(name: str) -> str:
    return name.replace("_", " ").casefold()
