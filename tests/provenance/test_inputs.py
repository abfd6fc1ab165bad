"""Inputs that are not what dvc.lock records."""

import hashlib
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from invariscope.errors import UserError
from invariscope.provenance.inputs import recorded_outputs, refuse_damaged


def md5(text: str) -> str:
    return hashlib.md5(text.encode()).hexdigest()


@pytest.fixture
def lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """dvc.lock as DVC writes it, of two stages; the checksums of their outputs."""
    monkeypatch.chdir(tmp_path)
    outs = {"data/a": md5("a"), "data/b": md5("b"), "data/c": md5("c")}

    def entries(*paths: str) -> list[dict[str, object]]:
        return [{"path": path, "hash": "md5", "md5": outs.get(path, md5("code")), "size": 1} for path in paths]

    first = {"cmd": "make", "deps": entries("src/code.py"), "outs": entries("data/a", "data/b")}
    second = {
        "cmd": "make " + "--option value " * 20,
        "deps": entries("data/a"),
        "params": {"params.yaml": {"outs": [1, 2]}},
        "outs": entries("data/c"),
    }
    yaml = YAML()
    yaml.default_flow_style = False
    yaml.dump({"schema": "2.0", "stages": {"first": first, "second": second}}, Path("dvc.lock"))
    Path("data").mkdir()
    for name in "abc":
        Path("data", name).write_text(name)
    return outs


def test_outputs_are_read(lock: dict[str, str]) -> None:
    assert recorded_outputs() == lock


def test_right_unknown_and_missing_files_pass(lock: dict[str, str]) -> None:
    Path("data/c").unlink()
    refuse_damaged([Path("data/a"), Path("data/b"), Path("data/c"), Path("elsewhere")])


def test_damaged_file_is_refused_and_shown_to_dvc(lock: dict[str, str]) -> None:
    path = Path("data/b")
    path.write_text("B")
    before = path.stat().st_ctime_ns
    with pytest.raises(UserError, match=r"data/b: is not what dvc\.lock records"):
        refuse_damaged([path])
    assert path.stat().st_ctime_ns >= before


def test_without_a_lock_nothing_is_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert recorded_outputs() == {}
