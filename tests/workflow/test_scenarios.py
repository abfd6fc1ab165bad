"""The joint of the two engines: what one did, the other knows. The number of a test is the row of the
scenario table that it stands for.

Which jobs ran is read from their logs, which every job opens anew, whoever starts it.
"""

import json
import os
import shutil
import signal
from pathlib import Path

import pytest

from tests.workflow.conftest import Built
from tests.workflow.project import Project

pytestmark = pytest.mark.slow

LAYERS = ("conv2", "conv4")
THRESHOLDS = {"find_thresholds/digits/cnn5", "plot_screening/digits/cnn5"}
DERIVED = THRESHOLDS | {"compare_papers"}  # what comes of the answers of a screening
# What comes of all layers together.
ACROSS = {"compare_layers/digits/cnn5", "plot_layers/digits/cnn5", "build_explorer", "compare_papers"}
FIGURES = {
    "plot_data/digits",
    "plot_training/digits/cnn5",
    "plot_screening/digits/cnn5",
    "plot_layers/digits/cnn5",
    "build_explorer",
    *(f"plot_filter_gan/digits/cnn5/{layer}" for layer in LAYERS),
}
RESAMPLES = "digits.screening.thresholds.resamples"
LAYER = "digits.filter_gan.layers.cnn5"
GENERATOR = "results/digits/cnn5/filter_gan/conv4/generator.safetensors"
TRAINING = "train_filter_gan/digits/cnn5/conv4"


def of_layer(layer: str) -> set[str]:
    steps = ("train_filter_gan", "average_banks", "measure_filters", "traverse_latents", "plot_filter_gan")
    return {f"{step}/digits/cnn5/{layer}" for step in steps}


ALL = {
    "prepare_data/digits",
    "train_classifier/digits/cnn5",
    "screen_transforms/digits/cnn5",
    *THRESHOLDS,
    *FIGURES,
    *ACROSS,
    *of_layer("conv2"),
    *of_layer("conv4"),
}
SMALL = {
    "prepare_data/handwriting",
    "plot_data/handwriting",
    "train_classifier/handwriting/cnn5",
    "plot_training/handwriting/cnn5",
}


def test_1_fresh_clone(digits_built: Built, digits: Project) -> None:
    assert digits_built.outcome.jobs == ALL
    assert "up to date" in digits.dvc("status").text
    repro = digits.dvc("repro")
    assert "Running stage" not in repro.text
    assert repro.jobs == set()
    assert "Nothing to be done" in digits.snakemake("-n").text
    digits.assert_nothing_to_do()


@pytest.mark.faults
def test_1_equal_bytes_one_job_at_a_time(digits: Project) -> None:
    """Artifacts depend on the seed alone, not on the number of jobs at once."""
    suffixes = {".parquet", ".png", ".pdf", ".safetensors", ".json", ".html", ".js"}
    files = [path for folder in ("data", "results") for path in (digits.path / folder).rglob("*.*")]
    before = {path: path.read_bytes() for path in files if path.suffix in suffixes}
    assert {path.suffix for path in before} == suffixes
    for path in before:
        path.unlink()
    again = digits.run("snakemake", "--cores", "1", "--forceall")
    assert again.jobs == ALL
    assert [str(path) for path, content in before.items() if path.read_bytes() != content] == []


def test_2_and_4_parameter_changed_and_reverted_with_dvc(digits: Project) -> None:
    digits.change(RESAMPLES, 10)
    assert digits.dvc("repro").jobs == DERIVED
    assert "Nothing to be done" in digits.snakemake("-n").text
    digits.change(RESAMPLES, 20)
    assert digits.dvc("repro").jobs == set()
    digits.assert_nothing_to_do()


@pytest.mark.faults
def test_3_and_4_parameter_changed_and_reverted_with_snakemake(digits: Project) -> None:
    before = (digits.path / GENERATOR).read_bytes()
    digits.change(f"{LAYER}.conv4", {"iterations": 5})
    assert digits.snakemake().jobs == of_layer("conv4") | ACROSS
    assert "up to date" in digits.dvc("status").text
    assert (digits.path / GENERATOR).read_bytes() != before
    digits.change(f"{LAYER}.conv4", {})
    dry = digits.snakemake("-n")
    assert "Would fetch" in dry.text
    assert (digits.path / GENERATOR).read_bytes() != before  # a dry run changes nothing
    reverted = digits.snakemake()
    assert reverted.jobs == set()
    assert "Fetched from DVC's cache, instead of running: train_filter_gan-digits-cnn5-conv4" in reverted.text
    assert (digits.path / GENERATOR).read_bytes() == before
    digits.assert_nothing_to_do()


def test_5_older_commit(digits: Project) -> None:
    digits.change(RESAMPLES, 10)
    assert digits.snakemake().jobs == DERIVED
    digits.commit("Fewer resamples")
    digits.git("checkout", "--quiet", "HEAD~1")
    digits.dvc("checkout")
    digits.assert_nothing_to_do()


def test_6_fresh_clone_and_pull(digits: Project, tmp_path: Path) -> None:
    remote = tmp_path / "remote"
    digits.dvc("remote", "add", "--default", "shelf", str(remote))
    digits.commit("A remote")
    digits.dvc("push")
    clone = Project(tmp_path / "clone", tmp_path / "clone-site")
    digits.git("clone", "--quiet", ".", str(clone.path))
    clone.dvc("pull")
    clone.assert_nothing_to_do()
    clone.change(RESAMPLES, 10)
    assert clone.snakemake().jobs == DERIVED
    clone.change(RESAMPLES, 12)
    assert clone.dvc("repro").jobs == DERIVED
    clone.assert_nothing_to_do()


def test_7_edited_source(digits: Project) -> None:
    digits.append("src/invariscope/figures/style.py", "\n# Edited.\n")
    assert digits.snakemake().jobs == FIGURES
    digits.assert_nothing_to_do()
    digits.append("src/invariscope/screening/families.py", "\n# Edited.\n")
    expected = {"screen_transforms/digits/cnn5", "find_thresholds/digits/cnn5", "compare_papers"}
    assert digits.dvc("repro").jobs == expected
    digits.assert_nothing_to_do()  # equal bytes: DVC stops there
    digits.append("src/invariscope/steps/find_thresholds.py", "\n# Edited.\n")
    assert digits.snakemake().jobs == DERIVED  # Snakemake runs what depends on it all the same
    digits.assert_nothing_to_do()


@pytest.mark.faults
def test_8_layer_added_and_dropped_with_dvc(digits: Project) -> None:
    digits.change(LAYER, {"conv2": {}, "conv3": {}, "conv4": {}})
    refused = digits.dvc("repro", fails=True)
    assert "dvc.yaml was rewritten (stages: 5 added" in refused.text
    assert "run the same again" in refused.text
    assert refused.jobs == set()  # the check comes before anything costly
    assert digits.dvc("repro").jobs == of_layer("conv3") | ACROSS
    assert "Nothing to be done" in digits.snakemake("-n").text
    digits.change(LAYER, {"conv2": {}, "conv4": {}})
    assert "5 removed" in digits.dvc("repro", fails=True).text
    assert digits.dvc("repro").jobs == set()
    digits.assert_nothing_to_do()


def test_8_study_switched_on_and_layer_dropped_with_snakemake(digits: Project) -> None:
    digits.change("studies", ["digits", "handwriting"])
    switched = digits.snakemake()
    assert switched.jobs == SMALL
    assert "dvc.yaml written (stages: 4 added" in switched.text
    digits.assert_nothing_to_do()
    digits.change(LAYER, {"conv4": {}})
    dropped = digits.snakemake()
    assert dropped.jobs == {"build_explorer", "compare_papers"}  # without the layer
    assert "7 removed" in dropped.text  # one layer alone is compared with none
    digits.assert_nothing_to_do()


@pytest.mark.parametrize(
    ("engine", "number", "rescuer"),
    [
        pytest.param("snakemake", signal.SIGINT, "dvc", marks=pytest.mark.faults),
        ("snakemake", signal.SIGKILL, "snakemake"),
        ("dvc", signal.SIGINT, "snakemake"),
        pytest.param("dvc", signal.SIGKILL, "dvc", marks=pytest.mark.faults),
    ],
)
def test_9_interrupted_in_training(digits: Project, engine: str, number: int, rescuer: str) -> None:
    commands = {
        "snakemake": ["snakemake", "--cores", "2", GENERATOR],
        "dvc": ["dvc", "repro", "train_filter_gan-digits-cnn5-conv4"],
    }
    digits.change(f"{LAYER}.conv4", {"iterations": 400})
    before = digits.logs()
    process = digits.start(*commands[engine])
    digits.wait_for(TRAINING, before)
    digits.signal(process, number)
    digits.settle()
    assert digits.corrupt_objects() == []
    rescued = digits.run(*commands[rescuer])
    assert rescued.jobs == {TRAINING}
    assert digits.corrupt_objects() == []
    assert not list(digits.path.glob("results/**/.*"))  # nothing half-written stays
    digits.change(f"{LAYER}.conv4", {})
    assert digits.snakemake().jobs == set()
    assert "up to date" in digits.dvc("status").text


def flip_byte(path: Path, keep_time: bool) -> None:
    status = path.stat()
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    if keep_time:
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
        assert path.stat().st_mtime_ns == status.st_mtime_ns


@pytest.mark.faults
@pytest.mark.parametrize("keep_time", [False, True])
def test_10_damage_is_mended_by_snakemake(digits: Project, keep_time: bool) -> None:
    model = digits.path / "results/digits/cnn5/training/model.safetensors"
    data = digits.path / "data/digits.parquet"
    before = model.read_bytes(), data.read_bytes()
    flip_byte(model, keep_time)
    data.unlink()
    digits.change(RESAMPLES, 10)  # something to do besides
    assert digits.snakemake().jobs == DERIVED
    assert (model.read_bytes(), data.read_bytes()) == before
    digits.assert_nothing_to_do()


def test_10_damage_is_mended_by_dvc(digits: Project) -> None:
    model = digits.path / "results/digits/cnn5/training/model.safetensors"
    data = digits.path / "data/digits.parquet"
    before = model.read_bytes(), data.read_bytes()
    flip_byte(model, keep_time=False)
    data.unlink()
    assert digits.dvc("repro").jobs == set()
    assert (model.read_bytes(), data.read_bytes()) == before
    digits.assert_nothing_to_do()


@pytest.mark.faults
def test_10_damage_in_disguise_is_refused_under_dvc(digits: Project) -> None:
    responses = digits.path / "results/digits/cnn5/screening/responses.parquet"
    before = responses.read_bytes()
    digits.dvc("status")
    flip_byte(responses, keep_time=True)
    assert "up to date" in digits.dvc("status").text  # DVC looks at times, and trusts what it saw
    digits.change(RESAMPLES, 10)
    refused = digits.dvc("repro", fails=True)
    assert "responses.parquet" in refused.text
    assert "is not what dvc.lock records" in refused.text
    assert digits.dvc("repro").jobs == DERIVED
    assert responses.read_bytes() == before
    digits.assert_nothing_to_do()


@pytest.mark.faults
def test_10_damage_without_a_copy_is_built_anew(digits: Project) -> None:
    thresholds = digits.path / "results/digits/cnn5/screening/thresholds.parquet"
    before = thresholds.read_bytes()
    shutil.rmtree(digits.path / ".dvc/cache")
    flip_byte(thresholds, keep_time=True)
    mended = digits.snakemake()
    assert mended.jobs == DERIVED
    assert "is not what was recorded" in mended.text
    assert thresholds.read_bytes() == before


def test_11_experiment(small: Project) -> None:
    before = (small.path / "dvc.lock").read_bytes()
    small.dvc("exp", "run", "--set-param", "seed=1")
    assert (small.path / "dvc.lock").read_bytes() != before
    changes = json.loads(small.dvc("metrics", "diff", "--json").text)
    assert "results/handwriting/cnn5/training/metrics.json" in changes
    small.assert_nothing_to_do()
