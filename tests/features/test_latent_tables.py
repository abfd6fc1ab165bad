"""Rows of search and ascent: every value can be had again from its row, and the summary counts what rows say."""

from typing import Any

import numpy as np
import pytest
import torch

from invariscope.classifiers.model_file import Classifier, Normalisation
from invariscope.errors import UserError
from invariscope.features import latent_tables as tables
from invariscope.features.ascent import Ascent, LatentAscent, ascend, paper_ascent
from invariscope.features.config import Units
from invariscope.features.latent_tables import ASCENT, PAPER, SAMPLES, Scale
from invariscope.features.objectives import Probe
from invariscope.features.search import Found, LatentSearch, search
from tests.features.toy_latents import SmallDecoder, small_network

NAMES = ("a", "b", "c", "d")
UNITS = Units(layers={"0": 2}, classes=(1, 3))
Row = dict[str, Any]


def classifier(turned: bool = False) -> Classifier:
    """Four classes; `turned` gives each the logit of another."""
    network = small_network()
    if turned:
        network[4].weight.data = network[4].weight.data.roll(1, 0)
        network[4].bias.data = network[4].bias.data.roll(1, 0)
    return Classifier(network, {}, 1, 8, NAMES, Normalisation((0.5,), (0.25,))).eval().requires_grad_(False)


Case = tuple[SmallDecoder, Probe, Found, Ascent, list[Row]]


@pytest.fixture(scope="module")
def case() -> Case:
    decoder, network = SmallDecoder(), classifier()
    probe = Probe(network, tables.objectives_of(UNITS, NAMES), (1, 8, 8))
    found = search(decoder, probe, LatentSearch(samples=300, best=3), 0)
    climbed = ascend(decoder, probe, LatentAscent(candidates=50, starts=2, steps=15), 0)
    known = {"own": network, "other": classifier(turned=True)}
    return decoder, probe, found, climbed, tables.search_rows(decoder, known, probe.objectives, found, climbed)


def test_all_classes_and_the_listed_units_are_looked_for() -> None:
    found = [str(one) for one in tables.objectives_of(UNITS, NAMES)]
    assert found == ["class:0", "class:1", "class:2", "class:3", "0:0", "0:1"]
    more = Units(layers={"0": 1}, objectives=("class:b", "class:0 - class:1"))  # the first is there already
    assert [str(one) for one in tables.objectives_of(more, NAMES)][4:] == ["0:0", "class:0 - class:1"]
    with pytest.raises(UserError, match="'e' is no number"):
        tables.objectives_of(Units(layers={}, objectives=("class:e",)), NAMES)
    assert tables.followed(UNITS) == ["class:1", "class:3"] and tables.followed(Units(layers={})) == ["class:0"]


def test_every_row_gives_its_value_again(case: Case) -> None:
    decoder, probe, _, _, rows = case
    assert len(rows) == 6 * 3 + 6 * 2
    numbers = {str(one): number for number, one in enumerate(probe.objectives)}
    for row in rows:
        x = decoder.decode(torch.tensor([row["latent"]]))
        assert probe.all(x)[0, numbers[row["objective"]]].item() == pytest.approx(row["value"], abs=1e-4)
        assert np.abs(row["image"] - 255 * x[0].numpy()).max() <= 0.51 and row["image"].dtype == np.uint8


def test_rows_are_ranked_and_name_classes_and_costs(case: Case) -> None:
    _, _, found, _, rows = case
    for method, evaluations, count in ((SAMPLES, 300, 3), (ASCENT, 50 + 2 * 15, 2)):
        own = [row for row in rows if (row["method"], row["objective"]) == (method, "class:2")]
        assert [row["rank"] for row in own] == list(range(1, count + 1))
        assert sorted((row["value"] for row in own), reverse=True) == [row["value"] for row in own]
        assert {row["evaluations"] for row in own} == {evaluations} and {row["class_name"] for row in own} == {"c"}
    assert {row["class_name"] for row in rows if row["objective"].startswith("0:")} == {None}
    best = next(row for row in rows if row["method"] == SAMPLES and row["objective"] == "class:1")
    assert best["share"] == pytest.approx(1) and best["mean"] == found.mean[1].item()


def test_classifiers_say_what_they_take_images_for(case: Case) -> None:
    *_, rows = case
    turned = {NAMES[place]: NAMES[(place + 1) % 4] for place in range(4)}
    assert len({row["predicted"] for row in rows}) > 1
    assert all(row["predicted_by_other"] == turned[row["predicted"]] for row in rows)


def test_curves_rise_and_end_at_the_best_rows(case: Case) -> None:
    _, probe, found, climbed, rows = case
    curve = tables.curve_rows(probe.objectives, found, climbed)
    for method in (SAMPLES, ASCENT):
        for objective in map(str, probe.objectives):
            own = [row for row in curve if (row["method"], row["objective"]) == (method, objective)]
            best = next(row for row in rows if (row["method"], row["objective"]) == (method, objective))
            assert [row["evaluations"] for row in own] == sorted({row["evaluations"] for row in own})
            values = [row["value"] for row in own]
            assert values == sorted(values) and own[-1]["value"] == best["value"]
            assert own[-1]["evaluations"] == best["evaluations"] and own[-1]["share"] == best["share"]


def test_ways_go_from_the_start_to_the_best(case: Case) -> None:
    decoder, probe, found, climbed, rows = case
    few = Probe(classifier(), [probe.objectives[place] for place in (1, 3)], (1, 8, 8))
    plain = ascend(decoder, few, paper_ascent(30), 0)
    ways = {PAPER: plain, ASCENT: climbed.of([1, 3])}
    steps = tables.path_rows(decoder, few.objectives, NAMES, tables.scale_of(found).of([1, 3]), ways)
    for method, name in ((PAPER, "b"), (PAPER, "d"), (ASCENT, "b"), (ASCENT, "d")):
        own = [row for row in steps if (row["method"], row["class_name"]) == (method, name)]
        assert own[0]["step"] == 0 and own[0]["moved"] == 0 and len(own) <= tables.PICTURES
        assert [row["step"] for row in own] == sorted({row["step"] for row in own})
        assert own[-1]["value"] == max(row["value"] for row in own)
    best = {row["class_name"]: row for row in rows if row["method"] == ASCENT and row["rank"] == 1}
    last = [row for row in steps if row["method"] == ASCENT and row["class_name"] == "d"][-1]
    assert last["value"] == best["d"]["value"] and np.abs(last["image"].astype(int) - best["d"]["image"]).max() <= 1


def test_a_unit_without_range_has_no_share() -> None:
    shares = Scale(torch.tensor([0.0, 2.0]), torch.tensor([0.0, 6.0])).share(torch.tensor([[0.0, 3.0], [0.0, 7.0]]))
    assert shares[:, 0].isnan().all() and shares[:, 1].tolist() == [0.25, 1.25]


def test_the_summary_counts_who_reaches_what() -> None:
    def row(objective: str, name: str | None, method: str, rank: int, value: float, seen: str, other: str) -> Row:
        return {
            "objective": objective,
            "class_name": name,
            "method": method,
            "rank": rank,
            "value": value,
            "share": value / 4,
            "evaluations": {SAMPLES: 500, ASCENT: 80}[method],
            "predicted": seen,
            "predicted_by_x": other,
        }

    rows = [
        row("class:0", "a", SAMPLES, 1, 4.0, "a", "b"),
        row("class:0", "a", ASCENT, 1, 5.0, "a", "a"),
        row("class:0", "a", ASCENT, 2, 1.0, "b", "b"),
        row("class:1", "b", SAMPLES, 1, 4.0, "b", "b"),
        row("class:1", "b", ASCENT, 1, 3.0, "a", "a"),
        row("0:0", None, SAMPLES, 1, 4.0, "b", "b"),
        row("0:0", None, ASCENT, 1, 4.0, "a", "a"),
    ]
    assert tables.summarise(rows, ["x"]) == {
        "evaluations": {SAMPLES: 500, ASCENT: 80},
        "classes": 2,
        "classes_reached": 1,
        "channels": 1,
        "channels_reached": 1,
        "median_share": 1.0,
        "lowest_share": 0.75,
        "recognised": {
            SAMPLES: {"classifier": 1.0, "x": 0.5},
            ASCENT: {"classifier": 0.5, "x": 0.5},
        },
    }
