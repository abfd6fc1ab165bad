"""The two transformers: control vectors in, matrices out.

Each has two fully connected ReLU layers and a linear readout, none with a bias. So the readout G is homogeneous: t
times the control gives t times G for any t ≥ 0, and control 0 gives 0. G is read as the logarithm of the matrix that
transforms, A(α) = exp G(α) (our choice; the paper does not say how its layers start from the identity). Hence:
- control 0 is the identity, exactly, before and after training;
- along a ray of controls A runs through a one-parameter group: a rotation by any angle stays a rotation on the way
  there, where I + tG would have to shrink the picture to turn it;
- A is never singular and never a reflection, and exp(-G) undoes it.
Beyond half a turn a picture comes back. So that displacement goes on growing, the spatial G is shortened where it turns
far: by π tanh(ω / π) / ω, with ω the part of G that turns. It stays on its ray, and no map turns by 180 degrees.

The last rows of the homogeneous matrices are 0 ... 0 1, so they are square and these of G are 0. (The paper's "we can
further extend these to be quadratic, by setting the last row" most likely means this: square.) `quadratic` here adds
second-order terms to the coordinates, B(α) (x², xy, y²), with B homogeneous like G; with B = 0 it is affine.
"""

import math

import torch
from torch import Tensor, nn

from invariscope.transformer.rendering import render
from invariscope.warp import Warp


class Readout(nn.Module):
    """Control vectors (N, p) -> (N, *shape), homogeneous of degree one: two ReLU layers and a readout, no biases."""

    def __init__(self, controls: int, width: int, shape: tuple[int, ...], initial_scale: float) -> None:
        super().__init__()
        self.shape = shape
        self.layers = nn.Sequential(
            nn.Linear(controls, width, bias=False),
            nn.ReLU(),
            nn.Linear(width, width, bias=False),
            nn.ReLU(),
            nn.Linear(width, int(torch.Size(shape).numel()), bias=False),
        )
        for layer in self.layers[::2]:
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")  # type: ignore[arg-type]
        with torch.no_grad():
            self.layers[-1].weight.mul_(initial_scale)  # type: ignore[operator]

    def forward(self, control: Tensor) -> Tensor:
        return self.layers(control).reshape(-1, *self.shape)


def exponential(generator: Tensor) -> Tensor:
    """The upper rows of exp of homogeneous matrices: generators (N, D, D + 1), whose last row is 0 -> (N, D, D + 1)."""
    square = torch.cat([generator, torch.zeros_like(generator[:, :1])], dim=1)
    return torch.linalg.matrix_exp(square)[:, :-1]


def within_half_a_turn(generator: Tensor) -> Tensor:
    """Generators (N, 2, 3) shortened so that their exponentials turn by less than π; short ones hardly change."""
    turns = (generator[:, 1, 0] - generator[:, 0, 1]).abs() / (2 * math.pi)  # ω / π
    turns = turns.clamp(min=1e-4)[:, None, None]  # below, the factor is 1 in float32
    return generator * (turns.tanh() / turns)


class SpatialTransformer(nn.Module):
    """α (N, p) -> maps of positions."""

    def __init__(self, controls: int, width: int, quadratic: bool, initial_scale: float) -> None:
        super().__init__()
        self.readout = Readout(controls, width, (2, 6 if quadratic else 3), initial_scale)

    def forward(self, control: Tensor) -> Warp:
        found = self.readout(control)  # (N, 2, 3 or 6)
        matrix = exponential(within_half_a_turn(found[:, :, :3]))
        return Warp(matrix, found[:, :, 3:] if found.shape[2] > 3 else None)


class ColourTransformer(nn.Module):
    """β (N, p) -> matrices (N, C, C + 1) on homogeneous colours of C channels."""

    def __init__(self, controls: int, width: int, channels: int, initial_scale: float) -> None:
        super().__init__()
        self.readout = Readout(controls, width, (channels, channels + 1), initial_scale)

    def forward(self, control: Tensor) -> Tensor:
        return exponential(self.readout(control))


class InvariantTransformer(nn.Module):
    """Images (N, C, H, W) in [0, 1] with their controls α, β (N, p) -> transformed images in [0, 1]."""

    def __init__(
        self,
        channels: int,
        controls: int = 2,
        width: int = 32,
        spatial: str = "affine",
        initial_scale: float = 0.01,
        fill: str = "zeros",
        interpolation: str = "bicubic",
    ) -> None:
        super().__init__()
        self.description = {
            "channels": channels,
            "controls": controls,
            "width": width,
            "spatial": spatial,
            "initial_scale": initial_scale,
            "fill": fill,
            "interpolation": interpolation,
        }
        self.channels, self.controls, self.fill, self.interpolation = channels, controls, fill, interpolation
        self.spatial = SpatialTransformer(controls, width, spatial == "quadratic", initial_scale)
        self.colour = ColourTransformer(controls, width, channels, initial_scale)

    def forward(self, images: Tensor, alpha: Tensor, beta: Tensor) -> Tensor:
        return render(images, self.spatial(alpha), self.colour(beta), self.fill, self.interpolation)
