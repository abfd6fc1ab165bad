"""Screening: a classifier's answers to images transformed by every family and magnitude."""

from collections.abc import Callable, Sequence
from copy import deepcopy

import numpy as np
import torch
from torch import Tensor, nn

from invariscope.data.table import Images
from invariscope.progress import track
from invariscope.screening.config import Condition, Rendering
from invariscope.screening.responses import STEP, Responses
from invariscope.screening.transforms import Batch, draw_noise, prepare

# Images at once on a CPU, whatever the batch size: the last bits of a layer depend on the shape of its batch, and on
# an image's place in it (a dense layer with few outputs), so that blocks are also always filled in the order of ids.
CPU_BLOCK = 64
SAMPLES = 3  # images whose transformed versions are kept for the figures


def screen(
    classifier: Callable[[Tensor], Tensor],
    images: Images,
    conditions: Sequence[Condition],
    rendering: Rendering,
    seed: int,
    device: torch.device,
    batch_size: int = 256,
) -> Responses:
    """Classify `images` under every condition. Each family must have its identity among `conditions`.

    `classifier` gives logits (N, K) of images (N, C, H, W) in [0, 1], in eval mode. Images pass through in blocks,
    each under all conditions, so memory does not grow with their size times their number. On a CPU the answers depend
    neither on `batch_size` nor on the order of the images.
    """
    size = CPU_BLOCK if device.type == "cpu" else batch_size
    network = _arranged(classifier, device)
    transforms = [prepare(*condition, images.pixels.shape[1:], rendering, device) for condition in conditions]
    starts = range(0, len(images), size)
    order = np.argsort(images.ids, kind="stable")
    ordered = images.at(order)
    predicted, probabilities = [], []
    for start in track(starts, "blocks of images", len(starts)):
        batch, count = _block(ordered, start, size, seed, device), min(size, len(images) - start)
        logits = _answers(network, batch, transforms)[:, :count].cpu()  # (M, count, K)
        predicted.append(logits.argmax(2).numpy())
        softmax = logits.double().softmax(2).numpy()
        probabilities.append((np.round(softmax / STEP) * STEP).astype(np.float32))
    given = np.argsort(order)  # back to the order of `images`
    return Responses(
        conditions=list(conditions),
        image_ids=images.ids,
        labels=images.labels,
        class_names={label: images.class_names[label] for label in np.unique(images.labels).tolist()},
        predicted=np.concatenate(predicted, axis=1)[:, given],
        probabilities=np.concatenate(probabilities, axis=1)[:, given],
        rendering={family: rendering.recorded(family) for family, _ in conditions},
    )


def _arranged(classifier: Callable[[Tensor], Tensor], device: torch.device) -> Callable[[Tensor], Tensor]:
    """The classifier with channels innermost, where a CPU convolves up to twice as fast."""
    if device.type != "cpu" or not isinstance(classifier, nn.Module):
        return classifier
    network = deepcopy(classifier).to(memory_format=torch.channels_last)
    return lambda images: network(images.contiguous(memory_format=torch.channels_last))


@torch.inference_mode()
def _answers(classifier: Callable[[Tensor], Tensor], batch: Batch, transforms: Sequence[Callable]) -> Tensor:
    """Logits (M, N, K). What a transformation leaves as it is, is classified once."""
    clean = classifier(batch.images)
    transformed = (transform(batch) for transform in transforms)
    return torch.stack([clean if images is batch.images else classifier(images) for images in transformed])


def _block(images: Images, start: int, size: int, seed: int, device: torch.device) -> Batch:
    """`size` images from `start` on; black ones make up for what is missing at the end."""
    part = images.at(np.arange(start, min(start + size, len(images))))
    pixels = torch.zeros(size, *images.pixels.shape[1:])
    pixels[: len(part)] = part.tensors()[0]
    noise = torch.zeros_like(pixels)
    noise[: len(part)] = draw_noise(part.ids.tolist(), tuple(pixels.shape[1:]), seed)
    return Batch(pixels.to(device), noise.to(device))


@torch.inference_mode()
def transformed_samples(
    images: Images, responses: Responses, rendering: Rendering, seed: int
) -> tuple[Images, np.ndarray]:
    """An image of each of a few classes, the one recognised best over all conditions, and what becomes of it:
    (M, samples, C, H, W) uint8."""
    present = np.unique(images.labels)
    chosen = present[np.linspace(0, len(present) - 1, min(SAMPLES, len(present))).round().astype(int)]
    recognised = responses.true_class_probability().sum(axis=0, dtype=np.float64)  # (N,)
    places = [np.flatnonzero(images.labels == label) for label in chosen]
    samples = images.at(np.array([own[recognised[own].argmax()] for own in places]))
    cpu = torch.device("cpu")
    batch = _block(samples, 0, len(samples), seed, cpu)
    shape = samples.pixels.shape[1:]
    results = [prepare(*condition, shape, rendering, cpu)(batch) for condition in responses.conditions]
    return samples, torch.stack(results).clamp(0, 1).mul(255).round().byte().numpy()
