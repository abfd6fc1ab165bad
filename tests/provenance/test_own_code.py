"""The user's own source files as inputs: found by their imports, seen by the fast path."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from invariscope.errors import UserError
from invariscope.provenance import sources
from invariscope.provenance.snapshot import Snapshot

FILES = {
    "networks/own.py": "import torch, invariscope.errors\nfrom networks.parts import blocks\nfrom . import shapes\n",
    "networks/parts/__init__.py": "from ..common import WIDTH\n",
    "networks/parts/blocks.py": "",
    "networks/shapes.py": "def lazy():\n    import late\n",
    "networks/common.py": "WIDTH = 3\n",
    "networks/unrelated.py": "",
    "networks/typed.py": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import networks.unrelated\n"
    "else:\n    import late\nif not TYPE_CHECKING:\n    import networks.common\n",
    "networks/public.py": "from invariscope import UserError, screening\n",
    "networks/attribute.py": "import invariscope\nraise invariscope.UserError\n",
    "late.py": "",
    "src/mine.py": "import networks.common\n",
    "src/invariscope/__init__.py": "",
    "src/invariscope/errors.py": "",
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.chdir(tmp_path)
    for name, text in FILES.items():
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text(text)
    caches = (sources._file, sources._tree, sources._imports)  # they know relative paths
    for cache in caches:
        cache.cache_clear()
    yield tmp_path
    for cache in caches:
        cache.cache_clear()


def test_a_module_brings_what_it_imports_from_the_folder(folder: Path) -> None:
    assert sources.closure("networks.own") == [
        "late.py",
        "networks/common.py",
        "networks/own.py",
        "networks/parts/__init__.py",
        "networks/parts/blocks.py",
        "networks/shapes.py",
        "src/invariscope/__init__.py",
        "src/invariscope/errors.py",
    ]
    assert sources.closure("mine") == ["networks/common.py", "src/mine.py"]


def test_what_only_type_checkers_read_is_not_followed(folder: Path) -> None:
    assert sources.closure("networks.typed") == ["late.py", "networks/common.py", "networks/typed.py"]


@pytest.mark.parametrize("name", ["public", "attribute"])
def test_a_public_name_brings_the_module_that_it_is_loaded_from(name: str, folder: Path) -> None:
    own = ["src/invariscope/__init__.py", "src/invariscope/errors.py"]
    assert sources.closure(f"networks.{name}") == [f"networks/{name}.py", *own]


def test_a_module_is_here_installed_or_missing(folder: Path) -> None:
    assert sources.is_here("networks.own") and sources.is_here("mine")
    assert not sources.is_here("torchvision.models") and not sources.is_missing("torchvision.models")
    for name in ("networks.other", "networks", "nowhere", "mine.more", "__main__"):
        assert not sources.is_here(name) and sources.is_missing(name), name


def test_a_mistake_in_it_is_one_line(folder: Path) -> None:
    Path("networks/common.py").write_text("def broken(:\n")
    with pytest.raises(UserError, match=r"networks/common.py: line 1: .*; mend it first"):
        sources.closure("networks.own")


def test_an_edit_of_it_shapes_the_pipeline(folder: Path) -> None:
    """It may import another file now, which dvc.yaml must then name."""
    Path("dvc.yaml").write_text("stages:\n  train:\n    deps:\n    - networks/own.py\n    - data/own.parquet\n")
    Snapshot.take([]).save()
    snapshot = Snapshot.load()
    assert snapshot is not None and snapshot.holds()
    Path("networks/unrelated.py").write_text("A = 1\n")
    assert snapshot.holds()
    Path("networks/own.py").write_text("import late\n")
    assert not snapshot.holds() and not snapshot.pipeline_holds()
