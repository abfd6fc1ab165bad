"""Under DVC: refuse an input whose content is not what dvc.lock records.

DVC trusts the checksum that it remembers of a file as long as its size and time of modification are the same. A file
that was damaged with both kept would be used silently.
"""

import hashlib
import os
import re
from collections.abc import Iterable
from pathlib import Path

from invariscope.errors import UserError

DVC_LOCK = Path("dvc.lock")
OUTS = re.compile(r"^    outs:\n((?:    - .*\n(?:      .*\n)*)+)", re.MULTILINE)
OUT = re.compile(r"- path: (.*)\n      hash: md5\n      md5: ([0-9a-f]{32})\n")


def refuse_damaged(paths: Iterable[Path]) -> None:
    """Raises UserError for a file that differs from dvc.lock, after seeing to it that DVC looks at it again."""
    recorded = recorded_outputs()
    for path in paths:
        known = recorded.get(path.as_posix())
        if known is not None and path.is_file() and md5(path) != known:
            os.utime(path)
            raise UserError(
                f"{path}: is not what {DVC_LOCK} records, it was damaged or edited; run the same again to mend it"
            )


def recorded_outputs(lock: Path = DVC_LOCK) -> dict[str, str]:
    """MD5 sums by path. A few patterns, for speed: parsing the file as YAML takes longer than drawing a figure."""
    if not lock.exists():
        return {}
    blocks = OUTS.findall(lock.read_text(encoding="utf-8"))
    return {path: checksum for block in blocks for path, checksum in OUT.findall(block)}


def md5(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "md5").hexdigest()
