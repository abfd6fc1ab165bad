"""The plain autoencoder: shapes, the file, and that training makes it reconstruct."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from invariscope.batches import batch_of
from invariscope.data.table import Images, open_data, write_data
from invariscope.errors import UserError
from invariscope.features.latent_box import latents, points_of
from invariscope.generative.config import AutoencoderTraining
from invariscope.generative.network_file import load_autoencoder, save_network
from invariscope.generative.networks import Autoencoder
from invariscope.generative.reconstruct import reconstructions, summarise
from invariscope.generative.train import judge, new_autoencoder, train
from invariscope.tensor_file import write_tensors

CPU = torch.device("cpu")
CONFIG = AutoencoderTraining(
    latent_dimension=3,
    encoder_widths=(4, 8),
    decoder_widths=(8, 4),
    dense_width=32,
    dense_layers=1,
    images=12000,
    batch_size=40,
    learning_rate=1e-2,
    log_every=75,
)
SHORT = replace(CONFIG, images=160)


@pytest.mark.parametrize("output", ["sigmoid", "rectified"])
@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 48, 48), (3, 16, 16)])
def test_codes_and_images_have_their_shapes(output: str, shape: tuple[int, int, int]) -> None:
    config = replace(CONFIG, output=output)
    autoencoder = new_autoencoder(config, shape, 0, CPU).eval()
    x = torch.rand(5, *shape)
    codes = autoencoder.encode(x)
    assert codes.shape == (5, 3)
    made = autoencoder.decode(100 * codes)
    assert made.shape == x.shape and (made >= 0).all() and (made <= 1).all()


def test_an_image_does_not_depend_on_those_beside_it() -> None:
    autoencoder = new_autoencoder(CONFIG, (1, 16, 16), 0, CPU).eval()
    x = torch.rand(6, 1, 16, 16)
    torch.testing.assert_close(
        autoencoder.decode(autoencoder.encode(x))[2:3], autoencoder.decode(autoencoder.encode(x[2:3]))
    )


@pytest.mark.parametrize(
    ("changes", "size", "said"),
    [
        ({"encoder_widths": (4, 4, 4, 4)}, 16, "32 px or more"),
        ({"decoder_widths": (4, 4, 4)}, 28 + 2, "multiple of 8 px"),
        ({}, 17, "even size"),
    ],
)
def test_sizes_that_do_not_fit_are_refused(changes: dict, size: int, said: str) -> None:
    with pytest.raises(UserError, match=said):
        new_autoencoder(replace(CONFIG, **changes), (1, size, size), 0, CPU)
    with pytest.raises(UserError, match="square"):
        new_autoencoder(CONFIG, (1, 16, 32), 0, CPU)


@pytest.mark.parametrize("output", ["sigmoid", "rectified"])
def test_training_explains_most_of_images_that_it_has_not_seen(images: Images, held_out: Images, output: str) -> None:
    _, rows = train(replace(CONFIG, output=output), images, {"test": held_out}, 1, CPU)
    judged = [row for row in rows if row["split"] == "test"]
    assert judged[-1]["error"] < 0.3 * judged[-1]["mean_image_error"]
    assert judged[-1]["error"] < judged[0]["error"]
    assert [row["images_seen"] for row in judged] == [3000, 6000, 9000, 12000]


def test_the_mean_image_is_the_best_constant(images: Images, held_out: Images) -> None:
    mean = images.tensors()[0].mean(0)
    autoencoder = new_autoencoder(SHORT, images.shape, 0, CPU)
    found = judge(autoencoder, images, mean)["mean_image_error"]
    assert found == pytest.approx(images.tensors()[0].var(0, unbiased=False).mean().item(), rel=1e-4)
    assert found < judge(autoencoder, images, mean + 0.05)["mean_image_error"]


def test_the_box_holds_all_training_codes_and_no_more(images: Images) -> None:
    trained, _ = train(SHORT, images, {}, 0, CPU)
    codes = trained.encode(images.tensors()[0])
    torch.testing.assert_close(trained.low, codes.amin(0), rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(trained.high, codes.amax(0), rtol=1e-4, atol=1e-5)
    assert (trained.quantiles.diff(dim=0) >= 0).all()
    torch.testing.assert_close(trained.quantiles[50], codes.median(0).values, rtol=0.05, atol=0.05)


def test_drawn_codes_have_the_marginals_of_training_codes_and_no_more(images: Images) -> None:
    trained, _ = train(SHORT, images, {}, 0, CPU)
    codes = trained.encode(images.tensors()[0])
    drawn = trained.draw(5000, torch.Generator().manual_seed(0))
    assert (drawn >= trained.low).all() and (drawn <= trained.high).all()
    for number in range(3):
        for share in (0.1, 0.5, 0.9):
            below = drawn[:, number] <= codes[:, number].quantile(share)
            assert below.float().mean().item() == pytest.approx(share, abs=0.04)
    off = ~torch.eye(3, dtype=torch.bool)
    assert drawn.t().corrcoef()[off].abs().max() < 0.05


def test_points_of_images_are_their_codes_in_the_box(images: Images, held_out: Images) -> None:
    trained, _ = train(SHORT, images, {}, 0, CPU)
    points = points_of(trained, images)
    assert points.min() == 0 and points.max() == 1 and points.shape == (300, 3)
    torch.testing.assert_close(latents(trained, points), trained.encode(images.tensors()[0]), rtol=1e-3, atol=1e-4)
    trained.quantiles[-1] -= 0.2 * (trained.high - trained.low)
    beyond = points_of(trained, held_out)
    assert beyond.max() == 1 and (beyond >= 0).all()


def test_every_image_is_seen_once_in_a_turn(images: Images) -> None:
    pixels = torch.from_numpy(images.pixels)
    seen: list[bytes] = []
    for iteration in range(9):  # 630 of twice 300 images, and the batches cross the turns
        batch = batch_of(pixels, iteration, 70, 0, CPU)
        seen += [(image * 255).round().byte().numpy().tobytes() for image in batch]
    first, second = seen[:300], seen[300:600]
    assert sorted(first) == sorted(second) == sorted(image.tobytes() for image in images.pixels)
    assert first != second


def test_equal_seeds_give_equal_files_and_others_do_not(images: Images, tmp_path: Path) -> None:
    def file(name: str, seed: int = 3) -> bytes:
        save_network(train(SHORT, images, {"test": images}, seed, CPU)[0], tmp_path / name)
        return (tmp_path / name).read_bytes()

    whole = file("first")
    assert file("second") == whole and file("other", seed=4) != whole


def test_a_file_comes_back_frozen_and_equal(images: Images, tmp_path: Path) -> None:
    trained, _ = train(SHORT, images, {}, 0, CPU)
    save_network(trained, tmp_path / "model.safetensors")
    loaded = load_autoencoder(tmp_path / "model.safetensors", CPU)
    x = images.tensors()[0][:7]
    assert torch.equal(loaded.encode(x), trained.encode(x)) and torch.equal(loaded.low, trained.low)
    assert not loaded.training and not any(tensor.requires_grad for tensor in loaded.parameters())


def test_other_files_are_refused_in_one_line(tmp_path: Path, images: Images) -> None:
    path = tmp_path / "model.safetensors"
    with pytest.raises(UserError, match="no such file"):
        load_autoencoder(path, CPU)
    write_tensors(path, "something.else", {}, {"x": torch.zeros(1)})
    with pytest.raises(UserError, match="holds no generative network"):
        load_autoencoder(path, CPU)
    autoencoder = new_autoencoder(SHORT, images.shape, 0, CPU)
    write_tensors(
        path, "invariscope.generative", autoencoder.description | {"dense_width": 7}, autoencoder.state_dict()
    )
    with pytest.raises(UserError, match="do not fit"):
        load_autoencoder(path, CPU)
    write_tensors(path, "invariscope.generative", {"size": 16}, autoencoder.state_dict())
    with pytest.raises(UserError, match="description is damaged"):
        load_autoencoder(path, CPU)


def test_divergence_is_said(images: Images) -> None:
    with pytest.raises(UserError, match=r"learning_rate: 1000000000000\.0 made the loss"):
        train(replace(SHORT, learning_rate=1e12, output="rectified", images=4000), images, {}, 0, CPU)


def test_reconstructions_are_of_one_image_a_class(images: Images, tmp_path: Path) -> None:
    write_data(tmp_path / "discs.parquet", {"test": images})
    test = open_data(tmp_path / "discs.parquet", "test")
    trained, _ = train(SHORT, images, {}, 0, CPU)
    rows = reconstructions(trained, test)
    assert [(row["class_name"], row["kind"]) for row in rows] == [
        (name, kind) for name in ("disc", "ring") for kind in ("original", "reconstruction")
    ] or [row["class_name"] for row in rows] == ["ring", "ring", "disc", "disc"]
    for original, made in zip(rows[::2], rows[1::2], strict=True):
        assert np.array_equal(original["image"], images.pixels[original["image_id"]])
        assert images.class_names[images.labels[original["image_id"]]] == original["class_name"]
        difference = (made["image"].astype(float) - original["image"]) / 255
        assert made["error"] == pytest.approx((difference**2).mean(), abs=1e-3)
    figures = summarise(trained, images, test)
    assert figures["explained"] == pytest.approx(1 - figures["test_error"] / figures["mean_image_error"])
    assert isinstance(trained, Autoencoder) and figures["parameters"] > 0
