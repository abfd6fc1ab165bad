"""What an autoencoder makes of test images."""

from typing import Any

import numpy as np
import torch

from invariscope.data.table import Images, StoredImages, balanced
from invariscope.generative.networks import Coder
from invariscope.generative.train import judge, mean_image
from invariscope.intensities import to_bytes

ORIGINAL, RECONSTRUCTION = "original", "reconstruction"
UNITS = {
    "error": "squared intensity, of values in [0, 1]; mean over the image's values",
    "image": "0-255, (channel, row, column)",
}


def reconstructions(autoencoder: Coder, images: StoredImages) -> list[dict[str, Any]]:
    """The first image of each class that has any, as it is and reconstructed: two rows each."""
    chosen = balanced(images, len(np.unique(images.labels)))
    found = chosen.at(np.arange(len(chosen)))
    x = found.tensors()[0]
    with torch.inference_mode():
        made = autoencoder.decode(autoencoder.encode(x.to(autoencoder.low.device))).cpu()
    errors = (made - x).square().mean((1, 2, 3)).tolist()
    pixels = to_bytes(made).numpy()
    rows: list[dict[str, Any]] = []
    for place, label in enumerate(found.labels):
        row = {"class_name": found.class_names[label], "image_id": int(found.ids[place])}
        rows.append(row | {"kind": ORIGINAL, "error": 0.0, "image": found.pixels[place]})
        rows.append(row | {"kind": RECONSTRUCTION, "error": errors[place], "image": pixels[place]})
    return rows


def summarise(autoencoder: Coder, train: Images, test: StoredImages) -> dict[str, Any]:
    """The figures of metrics.json: the error on the test split, and how much better than the mean image that is."""
    found = judge(autoencoder, test, mean_image(train))
    explained = 1 - found["error"] / found["mean_image_error"]
    parameters = sum(parameter.numel() for parameter in autoencoder.parameters())
    return {
        "latent_dimension": autoencoder.latent_dimension,
        "test_error": found["error"],
        "mean_image_error": found["mean_image_error"],
        "explained": explained,
        "parameters": parameters,
    }
