"""Generative networks judged: the floor is real images', a constant network shows one class, tables hang together."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from invariscope.classifiers.architectures import build_network
from invariscope.classifiers.model_file import Classifier, Normalisation
from invariscope.data.table import Images
from invariscope.generative.config import AutoencoderTraining, GenerativeEvaluation, SparseTraining
from invariscope.generative.dcgan import Generator
from invariscope.generative.evaluate import Evaluation, evaluate, summarise
from invariscope.generative.sheets import BASIS, SAMPLES, STEPS, SWEPT, moved, sweep_rows
from invariscope.generative.train import train
from invariscope.runtime import seeded

CPU = torch.device("cpu")
CONFIG = GenerativeEvaluation(("first", "second"), images=80, draws=3, resamples=20)
PLAIN = AutoencoderTraining(
    latent_dimension=3,
    encoder_widths=(4, 8),
    decoder_widths=(8, 4),
    dense_width=32,
    dense_layers=1,
    images=6000,
    batch_size=40,
    learning_rate=1e-2,
    log_every=1000,
)


def classifier(seed: int) -> Classifier:
    config = {"architecture": "five_conv", "widths": [4, 4, 4, 4, 4], "pool_after": [1, 2], "batch_norm": True}
    with seeded(CPU, seed, "network"):
        network = build_network(config, 1, 16, 2)
    return Classifier(network, config, 1, 16, ["disc", "ring"], Normalisation((0.1,), (0.3,))).eval()


@pytest.fixture(scope="module")
def constant() -> Generator:
    """Draws one and the same image."""
    generator = Generator(1, 16, 4, (8, 4)).eval()
    with torch.no_grad():
        for weight in generator.parameters():
            weight.zero_()
    return generator


@pytest.fixture(scope="module")
def found(images: Images, held_out: Images, constant: Generator) -> Evaluation:
    networks = {
        "autoencoder": train(PLAIN, images, {}, 0, CPU)[0],
        "sparse": train(SparseTraining(units=6, images=3000, batch_size=50, log_every=1000), images, {}, 0, CPU)[0],
        "dcgan": constant,
    }
    judges = {"first": classifier(0), "second": classifier(1)}
    return evaluate(networks, judges, CONFIG, images, held_out, 0)


def select(rows: list[dict], **wanted: object) -> list[dict]:
    return [row for row in rows if all(row[name] == value for name, value in wanted.items())]


def test_real_images_are_the_nearest_and_a_constant_is_far(found: Evaluation) -> None:
    for judge in ("first", "second"):
        distances = {
            (row["kind"], row["codes"]): row["value"]
            for row in select(found.rows, metric="frechet_distance", judge=judge)
        }
        assert set(distances) == {("real", "real"), ("dcgan", "drawn")} | {
            (kind, codes) for kind in ("autoencoder", "sparse") for codes in ("drawn", "box", "encoded")
        }
        assert min(distances, key=lambda key: distances[key]) == ("real", "real")
        assert distances["dcgan", "drawn"] > 2 * distances["autoencoder", "encoded"]


def test_a_constant_network_shows_one_class(found: Evaluation) -> None:
    (row,) = select(found.rows, kind="dcgan", metric="classes", judge="first")
    assert row["value"] == 0.5 and row["n"] == 3
    assert len({sample["predicted"] for sample in select(found.samples, kind="dcgan")}) == 1


def test_one_draw_has_no_interval_and_several_hold_their_mean(found: Evaluation) -> None:
    for row in select(found.rows, metric="frechet_distance"):
        if row["codes"] in ("drawn", "real"):
            assert row["n"] == 3 and row["ci_low"] <= row["value"] <= row["ci_high"]
        else:
            assert row["n"] == 1 and row["ci_low"] is None and row["ci_high"] is None


def test_figures_of_codes_are_within_their_intervals_and_agree_with_the_tables(found: Evaluation) -> None:
    for kind in ("autoencoder", "sparse"):
        (row,) = select(found.rows, kind=kind, metric="code_correlation")
        assert row["ci_low"] < row["value"] < row["ci_high"]
        pairs = [abs(pair["correlation"]) for pair in select(found.correlations, kind=kind) if off_diagonal(pair)]
        assert row["value"] == pytest.approx(np.mean(pairs))
    (row,) = select(found.rows, kind="sparse", metric="sparsity_error")
    means = [unit["mean"] for unit in select(found.units, kind="sparse")]
    assert row["value"] == pytest.approx(np.abs(np.array(means) - 0.05).mean())
    assert select(found.rows, kind="autoencoder", metric="sparsity_error") == []


def off_diagonal(pair: dict) -> bool:
    return pair["unit"] != pair["other"] and pair["correlation"] is not None


def test_sheets_have_what_their_figures_need(found: Evaluation) -> None:
    for kind, latents in (("autoencoder", 3), ("sparse", 6), ("dcgan", 4)):
        assert len(select(found.samples, kind=kind)) == SAMPLES
        assert len(select(found.sweeps, kind=kind)) == min(SWEPT, latents) * STEPS
    assert {row["kind"] for row in found.basis} == {"sparse"} and len(found.basis) == min(BASIS, 6)


def test_sweeps_are_of_the_latents_that_change_most() -> None:
    generator = Generator(1, 16, 4, (8, 4)).eval()
    with torch.no_grad():
        dense = generator.layers[0]
        dense.weight *= torch.tensor([1.0, 0.0, 50.0, 10.0])
    rows = sweep_rows("dcgan", generator, torch.zeros(4))
    assert list(dict.fromkeys(row["latent"] for row in rows)) == [2, 3, 0, 1]
    assert rows[0]["code"] == -1 and rows[STEPS - 1]["code"] == 1
    codes = moved(generator, torch.full((4,), 0.3), 2, torch.tensor([0.0, 1.0]))
    assert torch.equal(codes[:, [0, 1, 3]], torch.full((2, 3), 0.3)) and codes[:, 2].tolist() == [-1, 1]


def test_the_summary_names_where_codes_are_from(found: Evaluation) -> None:
    figures = summarise(found.rows, "first")
    assert figures["dcgan"]["classes, drawn"] == 0.5
    assert figures["real"]["frechet_distance, real"] < figures["autoencoder"]["frechet_distance, encoded"]
    assert {"error", "code_correlation", "code_cosine"} <= set(figures["sparse"])


def test_equal_seeds_give_equal_rows(images: Images, held_out: Images, constant: Generator) -> None:
    config = replace(CONFIG, judges=("first",), images=40, draws=2)
    first, second = (
        evaluate({"dcgan": constant}, {"first": classifier(0)}, config, images, held_out, 0) for _ in range(2)
    )
    assert first.rows == second.rows
