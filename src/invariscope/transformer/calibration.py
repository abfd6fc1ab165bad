"""How strong the learned transformations may be: the last word after training (our choice; the paper has none).

A switch by batches holds the accuracy of a few dozen images near the floor, not that of the data set at it. But the
transformers are homogeneous: a factor on a readout is the same factor on every control vector. So the whole range of
controls is scaled at the end, by the largest factor up to 1 at which training images keep their accuracy: first space
alone, for half of δ, then colour beside it, for all of it. Strength 1 then is how far one may go.
"""

import torch
from torch import Tensor

from invariscope.classifiers.evaluation import BLOCK
from invariscope.classifiers.model_file import Classifier
from invariscope.data.table import Images
from invariscope.runtime import torch_generator
from invariscope.transformer.networks import InvariantTransformer

BISECTIONS = 6  # the factor is known to 1/64


def calibrate(
    transformer: InvariantTransformer, classifier: Classifier, images: Images, tolerance: float, seed: int
) -> tuple[float, float]:
    """Scale both readouts in place; gives the factors of space and colour."""
    random = torch_generator(seed, "calibration")
    controls = 2 * torch.rand(2, len(images), transformer.controls, generator=random) - 1
    clean = transformed_accuracy(transformer, classifier, images, 0 * controls)

    def keeps(spatial: float, colour: float, share: float) -> bool:
        scaled = controls * controls.new_tensor([spatial, colour])[:, None, None]
        return transformed_accuracy(transformer, classifier, images, scaled) >= clean - share * tolerance

    spatial = largest(lambda factor: keeps(factor, 0, 0.5))
    colour = largest(lambda factor: keeps(spatial, factor, 1))
    transformer.spatial.readout.scale(spatial)
    transformer.colour.readout.scale(colour)
    return spatial, colour


def largest(holds) -> float:
    """1 if that holds, else the largest factor under it that bisection finds to hold, or 0."""
    if holds(1.0):
        return 1.0
    low, high = 0.0, 1.0
    for _ in range(BISECTIONS):
        middle = (low + high) / 2
        low, high = (middle, high) if holds(middle) else (low, middle)
    return low


@torch.inference_mode()
def transformed_accuracy(
    transformer: InvariantTransformer, classifier: Classifier, images: Images, controls: Tensor
) -> float:
    """Share of images classified right, each under its own controls (2, N, p)."""
    device, right = classifier.mean.device, 0
    for start in range(0, len(images), BLOCK):
        part = slice(start, start + BLOCK)
        x = torch.from_numpy(images.pixels[part]).to(device).float().div_(255)
        alpha, beta = controls[:, part].to(device)
        predicted = classifier(transformer(x, alpha, beta)).argmax(1).cpu()
        right += int((predicted == torch.from_numpy(images.labels[part])).sum())
    return right / len(images)
