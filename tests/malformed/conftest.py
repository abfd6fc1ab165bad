"""A project in which every step has run, and copies of it to be damaged."""

import shutil
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from invariscope.__main__ import main
from tests.malformed.toy_project import DATA, GENERATOR, INPUTS, MODEL, OUTPUTS, RESPONSES, arguments, toy_params


@pytest.fixture(scope="session")
def built(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project in which every step has run, at toy sizes."""
    folder = tmp_path_factory.mktemp("built")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        shutil.copytree(root / "workflow" / "schemas", "workflow/schemas")
        YAML().dump(toy_params(root), Path("params.yaml"))
        made = {"data": DATA, "model": MODEL, "generator": GENERATOR, "responses": RESPONSES}
        for step in ("prepare_data", "train_classifier", "train_filter_gan", "screen_transforms"):
            outputs = {name: f"other/{step}.{name}" for name in OUTPUTS[step]} | {
                name: path for name, path in made.items() if name in OUTPUTS[step]
            }
            assert main(arguments(step, INPUTS[step][1], outputs)) == 0, step
    return folder


@pytest.fixture
def toy(built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of that project, to be damaged."""
    folder = tmp_path / "project"
    shutil.copytree(built, folder)
    monkeypatch.chdir(folder)
    for proxy in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(proxy, "http://127.0.0.1:9")  # nothing is downloaded, and nothing waits
    return folder
