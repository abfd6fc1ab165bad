"""One engine at a time, also after one was killed while it wrote down that it was at work."""

import json
from pathlib import Path

import pytest

from invariscope.provenance import guard


@pytest.mark.parametrize("content", ["", '{"write": {"/a": {"pi'])
def test_a_half_written_list_is_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str) -> None:
    monkeypatch.chdir(tmp_path)
    guard.DVC_FOLDER.mkdir(parents=True)
    guard.LIST.write_text(content)
    with guard.alone():
        assert not guard.LIST.exists()
        with guard.announced_to_dvc():
            assert len(json.loads(guard.LIST.read_text())["write"]) == 2
    assert json.loads(guard.LIST.read_text())["write"] == {}


def test_a_whole_list_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    guard.DVC_FOLDER.mkdir(parents=True)
    guard.LIST.write_text('{"write": {}, "read": {"/a": [{"pid": 1, "cmd": "dvc"}]}}')
    before = guard.LIST.read_text()
    with guard.alone():
        assert guard.LIST.read_text() == before
