"""The two transformers: nothing at control 0, and growth along rays, whatever their weights."""

import math
from pathlib import Path

import pytest
import torch

from invariscope.errors import UserError
from invariscope.transformer.networks import InvariantTransformer, Readout, exponential, within_half_a_turn
from invariscope.transformer.rendering import spatial_displacement
from invariscope.transformer.transformer_file import load_transformer, save_transformer
from invariscope.warp import Warp, pixel_centres

CPU = torch.device("cpu")


def large(channels: int = 3, spatial: str = "affine") -> InvariantTransformer:
    """With transformations that nobody could miss."""
    torch.manual_seed(0)
    return InvariantTransformer(channels, controls=3, width=16, spatial=spatial, initial_scale=0.5)


@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("spatial", ["affine", "quadratic"])
def test_control_zero_is_the_identity(channels: int, spatial: str) -> None:
    transformer, nothing = large(channels, spatial), torch.zeros(2, 3)
    warp, colour = transformer.spatial(nothing), transformer.colour(nothing)
    assert torch.equal(warp.matrix, torch.eye(2, 3).expand(2, 2, 3))
    assert warp.bend is None or not warp.bend.any()
    assert torch.equal(colour, torch.eye(channels, channels + 1).expand(2, -1, -1))
    images = torch.rand(2, channels, 9, 9)
    assert (transformer(images, nothing, nothing) - images).abs().max() < 1e-5
    moved = transformer(images, torch.ones(2, 3), torch.ones(2, 3))
    assert (moved - images).abs().mean() > 0.05 and moved.min() >= 0 and moved.max() <= 1


def test_a_readout_is_homogeneous_and_sees_its_whole_control() -> None:
    torch.manual_seed(0)
    readout = Readout(3, 16, (2, 3), 1.0)
    control = torch.rand(5, 3) - 0.5
    assert torch.allclose(readout(0.3 * control), 0.3 * readout(control), atol=1e-6)
    for number in range(3):
        other = control.clone()
        other[:, number] += 0.5
        assert (readout(other) - readout(control)).abs().amax(dim=(1, 2)).min() > 1e-3


def test_the_exponential_turns_without_shrinking_and_is_undone() -> None:
    turn = torch.tensor([[[0.0, -1, 0], [1, 0, 0]]])
    for angle in (0.5, 1.5, 3.0):
        matrix = exponential(angle * turn)
        expected = torch.tensor([[math.cos(angle), -math.sin(angle), 0], [math.sin(angle), math.cos(angle), 0]])
        assert torch.allclose(matrix[0], expected, atol=1e-4)  # torch 2.11's exponential is 2.5e-5 off
    generator = 0.5 * torch.randn(4, 3, 4, generator=torch.Generator().manual_seed(0))
    last = torch.tensor([0.0, 0, 0, 1]).expand(4, 1, 4)
    forth, back = (torch.cat([exponential(sign * generator), last], dim=1) for sign in (1, -1))
    assert torch.allclose(forth @ back, torch.eye(4).expand(4, 4, 4), atol=1e-4)


def test_a_turn_ends_before_half_a_turn_and_displacement_grows_towards_it() -> None:
    turn = torch.tensor([[[0.0, -1, 0.02], [1, 0, 0.01]]], dtype=torch.float64)
    speeds = torch.tensor([0.0, 0.01, 1, 2, 3, 4, 6, 9, 14], dtype=torch.float64)[:, None, None]
    shortened = within_half_a_turn(speeds * turn)
    assert torch.equal(shortened[0], 0 * turn[0]) and torch.allclose(shortened[1], 0.01 * turn[0], atol=1e-6)
    warp = Warp(exponential(shortened))
    angles = torch.atan2(warp.matrix[:, 1, 0], warp.matrix[:, 0, 0])
    moved = spatial_displacement(warp, 8, 8)
    assert (angles.diff() > 0).all() and math.radians(179) < angles[-1] < math.pi
    assert (moved.diff() > 0).all()


def test_a_quadratic_transformer_without_bend_is_affine() -> None:
    affine, quadratic = large(), large(spatial="quadratic")
    last = quadratic.spatial.readout.layers[-1].weight.data.view(2, 6, -1)
    last[:, 3:] = 0
    for source, target in zip(
        affine.spatial.readout.layers[:-1:2], quadratic.spatial.readout.layers[:-1:2], strict=True
    ):
        target.weight.data.copy_(source.weight.data)
    last[:, :3] = affine.spatial.readout.layers[-1].weight.data.view(2, 3, -1)
    alpha, points = torch.rand(4, 3) - 0.5, pixel_centres(5, 5)
    assert torch.allclose(affine.spatial(alpha)(points), quadratic.spatial(alpha)(points), atol=1e-6)
    last[:, 3:] = 1
    assert (affine.spatial(alpha)(points) - quadratic.spatial(alpha)(points)).abs().max() > 0.01


@pytest.mark.parametrize("spatial", ["affine", "quadratic"])
def test_a_transformer_survives_its_file(spatial: str, tmp_path: Path) -> None:
    transformer, path = large(1, spatial), tmp_path / "transformer.safetensors"
    save_transformer(transformer, path)
    first = path.read_bytes()
    save_transformer(transformer, path)
    assert path.read_bytes() == first
    loaded = load_transformer(path, CPU)
    images, alpha, beta = torch.rand(2, 1, 8, 8), torch.rand(2, 3), torch.rand(2, 3)
    assert torch.equal(loaded(images, alpha, beta), transformer(images, alpha, beta))
    assert loaded.description == transformer.description and loaded.description["fill"] == "zeros"
    assert not any(parameter.requires_grad for parameter in loaded.parameters())


def test_files_that_hold_no_transformer_are_named(tmp_path: Path) -> None:
    from safetensors.torch import save_file

    path = tmp_path / "transformer.safetensors"
    with pytest.raises(UserError, match=r"transformer\.safetensors: no such file; train_transformer"):
        load_transformer(path, CPU)
    path.write_bytes(b"not tensors at all")
    with pytest.raises(UserError, match="not a whole safetensors file"):
        load_transformer(path, CPU)
    save_file({"a": torch.zeros(1)}, path)
    with pytest.raises(UserError, match="holds no invariant transformer"):
        load_transformer(path, CPU)
    save_file({"a": torch.zeros(1)}, path, metadata={"invariscope.transformer": '{"channels": 1}'})
    with pytest.raises(UserError, match="weights do not fit"):
        load_transformer(path, CPU)
    save_file({"a": torch.zeros(1)}, path, metadata={"invariscope.transformer": '{"chanels": 1}'})
    with pytest.raises(UserError, match="description is damaged"):
        load_transformer(path, CPU)
