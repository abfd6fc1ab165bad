"""The steps of the ground truth, and their figures."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from invariscope.data.procedural_digits import draw
from invariscope.data.table import write_data
from invariscope.errors import UserError
from invariscope.ground_truth.config import twin_names
from invariscope.steps import compare_methods, extract_twins, measure_twins, plot_ground_truth, train_twins
from tests.ground_truth.small import BLOCK, DATA, GRIDS

PARAMS: dict[str, Any] = {
    "seed": 0,
    "magnitudes": GRIDS,
    "data": DATA | {"train": 150, "test": 60},
    "classifiers": {"net": BLOCK | {"training": BLOCK["training"] | {"epochs": 1}}},
    "twins": {
        "classifier": "net",
        "factors": {"rotation": {"held": 0, "family": "rotation"}, "thickness": {"held": 3}},
        "seeds": 2,
    },
    "probe": {"layers": ["conv4"], "images": 20, "values": 3, "lie_images": 10, "rate": 0.1},
    "extraction": {
        "layers": ["conv4"],
        "training": {"iterations": 3, "batch_size": 4, "latent_dimension": 3, "generator_width": 8, "log_images": 10},
        "traversal": {"images": 2, "grid": 3, "steps": 3},
        "transformer": {"iterations": 3, "batch_size": 8, "images": 50},
        "samples": 10,
    },
    "comparison": {"resamples": 20},
    "seeds": 2,
}
TWINS = twin_names(PARAMS["twins"]["factors"])
TABLES = ("factors", "differences", "auc", "roc", "agreement")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All that the steps make."""
    folder = tmp_path_factory.mktemp("study")
    write_data(folder / "data.parquet", draw(PARAMS["data"], 0, Path()))
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        build("first")
    return folder


def build(name: str, seed: int = 0) -> None:
    params, place = PARAMS | {"seed": seed}, Path(name)
    for twin in TWINS:
        own = {"data": Path("data.parquet"), "models": place / twin / "models.safetensors"}
        train_twins.run(params, "cpu", "own", twin, models=own["models"], history=place / twin / "history.parquet")
        measure_twins.run(params, "cpu", "own", twin, **own, scores=place / twin / "measured.parquet")
        extract_twins.run(params, "cpu", "own", twin, **own, scores=place / twin / "extracted.parquet")
    parts = [place / twin / f"{name}.parquet" for twin in TWINS for name in ("measured", "extracted")]
    tables = {table: place / f"{table}.parquet" for table in TABLES}
    compare_methods.run(
        params, "own", parts=parts, **tables, metrics=place / "metrics.json", verdict=place / "verdict.md"
    )


@pytest.fixture(autouse=True)
def there(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(folder)
    yield
    assert not list(Path(".checkpoints").glob("*.pt"))


def test_every_method_answers_the_same_question_of_every_twin() -> None:
    rows = pq.read_table("first/factors.parquet").to_pylist()
    asked = {(row["network"], row["seed"], row["factor"], row["method"], row["layer"]) for row in rows}
    assert len(asked) == len(rows)
    of_both = ("rendering", "class"), ("lie_derivative", "conv4"), ("lie_derivative", "class"), ("filter_gan", "conv4")
    for factor in ("rotation", "thickness"):
        own = {row[3:] for row in asked if row[2] == factor and row[4] != "all"}
        assert set(of_both) <= own
        assert (("screening", "class") in own) == (("transformer", "class") in own) == (factor == "rotation")
        for key in own:
            assert {row[:2] for row in asked if row[2:] == (factor, *key)} == {(t, n) for t in TWINS for n in (0, 1)}
    assert all((row["twin"] == "varied") == (row["network"] != f"{row['factor']}_fixed") for row in rows)


def test_verdict_and_metrics_say_the_same() -> None:
    found = json.loads(Path("first/metrics.json").read_text())
    assert set(found["tells_apart"]["rendering"]) == {"rotation", "thickness"}
    text = Path("first/verdict.md").read_text()
    assert text.startswith("# Ground truth") and "2 seeds" in text
    assert f"{found['auc_pooled']['filter_gan']['auc']:.2f}" in text


def test_equal_seeds_give_equal_files_and_others_do_not() -> None:
    build("again")
    files = sorted(path.relative_to("first") for path in Path("first").rglob("*.*"))
    assert len(files) == 3 * 4 + 5 + 2
    for path in files:
        assert Path("first", path).read_bytes() == Path("again", path).read_bytes(), path
    build("other", seed=1)
    assert Path("other/factors.parquet").read_bytes() != Path("first/factors.parquet").read_bytes()


def test_figures_are_drawn_and_the_same_twice() -> None:
    tables = {table: Path(f"first/{table}.parquet") for table in TABLES}
    for place in ("figures", "twice"):
        names = ("heat_maps", "correlations", "curves")
        drawn = {name: [Path(place, f"{name}.{suffix}") for suffix in ("png", "pdf")] for name in names}
        page = Path(place, "verdict.html")
        plot_ground_truth.run("own", **tables, verdict=Path("first/verdict.md"), **drawn, page=page)
    assert len(list(Path("figures").glob("*.pdf"))) == 3
    for path in Path("figures").iterdir():
        assert path.read_bytes() == Path("twice", path.name).read_bytes()
        assert path.suffix == ".html" or path.stat().st_size > 10_000
    assert "<h1>Ground truth" in page.read_text() and "<td>Filter-GAN traversal</td>" in page.read_text()


def test_an_unknown_twin_is_refused() -> None:
    with pytest.raises(UserError, match="'slant_fixed' is no twin"):
        train_twins.run(PARAMS, "cpu", "own", "slant_fixed", models=Path("m"), history=Path("h"))
