"""Images that a generative network makes: samples, sweeps along single latents, the basis of a two-layer network."""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from invariscope.classifiers.evaluation import predict
from invariscope.classifiers.model_file import Classifier
from invariscope.generative.codes import BLOCK
from invariscope.generative.dcgan import Generator
from invariscope.generative.networks import Coder
from invariscope.generative.sparse import TwoLayer
from invariscope.intensities import to_bytes

Network = Coder | Generator
SAMPLES = 40  # on a sheet
SWEPT, STEPS = 6, 9  # latents of a network, and places along each
BASIS = 40  # units of a two-layer network, the most active ones
SAMPLE_UNITS = {
    "confidence": "probability that the judge gives the class that it says, 0 to 1",
    "image": "0-255, (channel, row, column)",
}
SWEEP_UNITS = {
    "change": "intensity, of values in [0, 1]; root mean square between the two ends of the sweep",
    "code": "of the swept latent, in its own unit",
    "image": "0-255, (channel, row, column)",
}
BASIS_UNITS = {
    "scale": "largest weight of the unit, without sign",
    "image": "0 to 255 is -scale to +scale, (channel, row, column)",
}
Row = dict[str, Any]


@torch.inference_mode()
def images_of(network: Network, codes: Tensor) -> np.ndarray:
    """(N, C, H, W) uint8 of codes (N, d), block by block."""
    return torch.cat([to_bytes(network.decode(part)).cpu() for part in codes.split(BLOCK)]).numpy()


def drawn_images(network: Network, count: int, random: torch.Generator) -> np.ndarray:
    """(count, C, H, W) uint8, of codes that the network draws."""
    return images_of(network, network.draw(count, random))


def sample_rows(kind: str, network: Network, judge: Classifier, random: torch.Generator) -> list[Row]:
    """The first images that a network makes, chosen by nobody, and what the judge takes them for."""
    made = drawn_images(network, SAMPLES, random)
    confidences, labels = predict(judge, made).softmax(1).max(1)
    return [
        {"kind": kind, "index": index, "predicted": judge.class_names[label], "confidence": confidence, "image": image}
        for index, (image, label, confidence) in enumerate(
            zip(made, labels.tolist(), confidences.tolist(), strict=True)
        )
    ]


def sweep_rows(kind: str, network: Network, start: Tensor) -> list[Row]:
    """Images as one latent moves through its range, the others at `start` (d,): of the latents that change most."""
    places = torch.linspace(0, 1, STEPS, device=start.device)
    ends = torch.stack([moved(network, start, latent, places[[0, -1]]) for latent in range(len(start))])  # (d, 2, d)
    made = images_of(network, ends.flatten(0, 1)).astype(np.float32).reshape(len(start), 2, -1) / 255
    change = np.sqrt(((made[:, 1] - made[:, 0]) ** 2).mean(1))  # (d,)
    rows = []
    for latent in np.argsort(-change, kind="stable")[:SWEPT].tolist():
        codes = moved(network, start, latent, places)
        for code, image in zip(codes[:, latent].tolist(), images_of(network, codes), strict=True):
            row = {"kind": kind, "latent": latent, "change": float(change[latent])}
            rows.append(row | {"code": code, "image": image})
    return rows


def moved(network: Network, start: Tensor, latent: int, places: Tensor) -> Tensor:
    """Codes (n, d) that differ from `start` (d,) in one latent, at places (n,) in [0, 1] of its range."""
    codes = start.repeat(len(places), 1)
    codes[:, latent] = torch.lerp(network.low[latent], network.high[latent], places)
    return codes


def basis_rows(kind: str, network: TwoLayer, codes: Tensor) -> list[Row]:
    """What the units of a two-layer network add to an image: of those that are most active over codes (N, d)."""
    basis, active, rows = network.basis().cpu(), codes.mean(0).cpu(), []
    for unit in active.argsort(descending=True, stable=True)[:BASIS].tolist():
        scale = basis[unit].abs().max()
        image = to_bytes((basis[unit] / scale + 1) / 2).cpu().numpy()
        rows.append({"kind": kind, "unit": unit, "scale": scale.item(), "image": image})
    return rows
