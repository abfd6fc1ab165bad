"""What both ledgers were last found to agree on, so that a run with nothing to do asks DVC nothing."""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from invariscope.files import write_text
from invariscope.provenance.pipeline import DVC_YAML, RULES, SNAKEFILE

FOLDER = Path(".snakemake/invariscope")
PATH = FOLDER / "snapshot.json"
DVC_LOCK = Path("dvc.lock")
FORMAT = 1

Stamp = list[int] | None  # inode, size, times of modification and change; None for a missing file


CODE = re.compile(r"^    - (.*\.py)$", re.MULTILINE)  # in dvc.yaml


def text_files() -> list[Path]:
    """What shapes the pipeline: parameters, rules, code, the user's too, and DVC's two files."""
    named = [Path("params.yaml"), SNAKEFILE, DVC_YAML, DVC_LOCK, Path(".dvc/config"), Path(".dvc/config.local")]
    code = {path for pattern in ("*.py", "*.html", "*.css", "*.js") for path in Path("src").rglob(pattern)}
    if DVC_YAML.is_file():
        code |= {Path(path) for path in CODE.findall(DVC_YAML.read_text(encoding="utf-8", errors="replace"))}
    return [*named, *sorted(RULES.glob("*.smk")), *sorted(code)]


def digests() -> dict[str, str]:
    """The content of each text file, by path."""
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in text_files() if path.is_file()}


def stamp(path: str) -> Stamp:
    """Who touched a file: unlike the time of modification, the time of change cannot be set back by hand."""
    try:
        status = Path(path).stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    return [status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns]


@dataclass(frozen=True)
class Snapshot:
    """What a run has left: digests of the texts that it was of, and stamps of its outputs."""

    texts: Mapping[str, str]
    outputs: Mapping[str, Stamp]

    @classmethod
    def load(cls) -> "Snapshot | None":
        """The one that was saved last; None if there is none, or it cannot be used."""
        try:
            content: Any = json.loads(PATH.read_text(encoding="utf-8"))
            return cls(content["texts"], content["outputs"]) if content["format"] == FORMAT else None
        except (OSError, ValueError, KeyError, TypeError):
            return None

    @classmethod
    def take(cls, outputs: Iterable[str]) -> "Snapshot":
        return cls(digests(), {path: stamp(path) for path in sorted(outputs)})

    def save(self) -> None:
        write_text(PATH, json.dumps({"format": FORMAT, "texts": self.texts, "outputs": self.outputs}))

    def holds(self) -> bool:
        """Whether nothing has been touched since."""
        return self.texts == digests() and all(stamp(path) == known for path, known in self.outputs.items())

    def suspects(self) -> list[str]:
        """Files written to with their modification time and size kept."""
        now = {path: stamp(path) for path in self.outputs}
        return [path for path, known in self.outputs.items() if known and now[path] and _disguised(known, now[path])]

    def pipeline_holds(self) -> bool:
        """Whether nothing that shapes dvc.yaml has been touched since."""
        ignored = {str(DVC_LOCK)}
        now = digests()
        return {path: text for path, text in self.texts.items() if path not in ignored} == {
            path: text for path, text in now.items() if path not in ignored
        }


def _disguised(known: Stamp, now: Stamp) -> bool:
    return bool(known and now and known[:3] == now[:3] and known[3] != now[3])
