"""Snakemake's side of the ledger: the record that it keeps of how each output was made.

Written through Snakemake's own persistence class, which is not a public interface: `supported` asks for what was
tested, and tests/workflow/test_ledger.py goes round through a real run.
"""

import time
from collections.abc import Iterable
from pathlib import Path

from invariscope.errors import UserError

TESTED_RECORD_FORMAT = 6
CHANGED = " (as recorded by DVC; changed since)"


class SnakemakeLedger:
    """The records in .snakemake/metadata, keyed by output path."""

    def __init__(self, folder: Path = Path(".snakemake")) -> None:
        supported()
        from snakemake.persistence.file import FilePersistence

        self._store = FilePersistence(nolock=True, path=folder.absolute())

    def describe(self, output: str, rule: str, command: str, params: list[str], deps: dict[str, str]) -> None:
        """Record how `output` was made: by `command`, from files with these MD5 sums, with these parameters."""
        from snakemake.persistence import MetadataRecord

        record = MetadataRecord(
            rule=rule,
            code=command,
            params=[repr(value) for value in params],
            input=sorted(deps),
            input_checksums={path: f"md5:{checksum}" for path, checksum in deps.items()},
            log=[],
            incomplete=False,
            record_format_version=TESTED_RECORD_FORMAT,
            starttime=time.time(),
            endtime=Path(output).stat().st_mtime,
        )
        self._store._write_record(output, record)
        self._store._unmark_incomplete(output)

    def vouches_for(self, output: str) -> bool:
        """Whether the file is still as a job of Snakemake left it, judged by its time."""
        record = self._store._read_record(output)
        return record is not None and record.endtime == Path(output).stat().st_mtime

    def distrust(self, outputs: Iterable[str]) -> None:
        """Make Snakemake run the jobs of these outputs again: what they were made from changed meanwhile."""
        for output in outputs:
            record = self._store._read_record(output)
            if record is not None:
                record.input = [f"{path}{CHANGED}" for path in record.input or ["inputs"]]
                self._store._write_record(output, record)

    def forget(self, output: str) -> None:
        self._store._delete_record(output)
        self._store._unmark_incomplete(output)


def supported() -> None:
    """Raises UserError if this Snakemake keeps its records in another way than the one that was tested."""
    import snakemake

    try:
        from snakemake.persistence import RECORD_FORMAT_VERSION, MetadataRecord
        from snakemake.persistence.file import FilePersistence
    except ImportError:
        known = False
    else:
        methods = ("_read_record", "_write_record", "_delete_record", "_unmark_incomplete")
        fields = {
            "rule",
            "code",
            "params",
            "input",
            "input_checksums",
            "endtime",
            "incomplete",
            "record_format_version",
        }
        known = (
            RECORD_FORMAT_VERSION == TESTED_RECORD_FORMAT
            and all(hasattr(FilePersistence, name) for name in methods)
            and fields <= set(MetadataRecord.model_fields)
        )
    if not known:
        raise UserError(
            f"Snakemake {snakemake.__version__} keeps its records in a way that is not known here; "
            "install the version of requirements.lock (`make`)"
        )
