"""Screening: a classifier's answers to images transformed by every family and magnitude."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor, nn

from invariscope.data.table import Images, ImageSet
from invariscope.intensities import to_bytes
from invariscope.progress import track
from invariscope.runtime import halving, side_by_side
from invariscope.screening.config import Condition, Rendering
from invariscope.screening.responses import STEP, Responses, joined
from invariscope.screening.transforms import Batch, prepare

# Images at once on a CPU, whatever the batch size: the last bits of a layer depend on the shape of its batch, and on
# an image's place in it (a dense layer with few outputs), so that blocks are also always filled in the order of ids.
CPU_BLOCK = 64
SAMPLES = 3  # classes of which one image's transformed versions are kept for the figures


def screen(
    classifier: Callable[[Tensor], Tensor],
    images: ImageSet,
    conditions: Sequence[Condition],
    rendering: Rendering,
    seed: int,
    device: torch.device,
    batch_size: int = 256,
) -> Responses:
    """Classify `images` under every condition. Each family must have its identity among `conditions`.

    `classifier` gives logits (N, K) of images (N, C, H, W) in [0, 1], in eval mode. On a CPU the answers depend neither
    on `batch_size`, nor on the order of the images, nor on the number of torch's threads; they come class by class.
    """
    return joined(screen_blocks(classifier, images, conditions, rendering, seed, device, batch_size))


def screen_blocks(
    classifier: Callable[[Tensor], Tensor],
    images: ImageSet,
    conditions: Sequence[Condition],
    rendering: Rendering,
    seed: int,
    device: torch.device,
    batch_size: int = 256,
) -> Iterator[Responses]:
    """`screen`, block by block, each under all conditions: memory holds the pixels and the answers of one block.

    Images come in the order of labels, then ids.
    """
    size = CPU_BLOCK if device.type == "cpu" else batch_size
    network = _arranged(classifier, device)
    transforms = [prepare(*condition, images.shape, rendering, device) for condition in conditions]
    order = np.lexsort((images.ids, images.labels))
    starts = range(0, len(images), size)

    def logits_of(part: Images, at_once: int) -> Tensor:
        pieces = [part.at(np.arange(len(part))[start : start + at_once]) for start in range(0, len(part), at_once)]
        found = [_answers(network, _block(piece, at_once, seed, device), transforms) for piece in pieces]
        return torch.cat([logits[:, : len(piece)].cpu() for logits, piece in zip(found, pieces, strict=True)], dim=1)

    def answered(part: Images) -> Responses:
        logits = halving(lambda at_once: logits_of(part, at_once), size)  # (M, n, K)
        return Responses(
            conditions=list(conditions),
            image_ids=part.ids,
            labels=part.labels,
            class_names={label: images.class_names[label] for label in np.unique(part.labels).tolist()},
            predicted=logits.argmax(2).numpy(),
            probabilities=(np.round(logits.double().softmax(2).numpy() / STEP) * STEP).astype(np.float32),
            rendering={family: rendering.recorded(family) for family, _ in conditions},
        )

    parts = (images.at(order[start : start + size]) for start in starts)
    yield from track(side_by_side(answered, parts, device), "blocks of images", len(starts))


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


def _block(part: Images, size: int, seed: int, device: torch.device) -> Batch:
    """A batch of `size` images; black ones make up for what is missing."""
    pixels = torch.zeros(size, *part.shape)
    pixels[: len(part)] = part.tensors()[0]
    return Batch(pixels.to(device), part.ids.tolist(), seed)


@dataclass
class BestRecognised:
    """The image of each of a few classes that is recognised best over all conditions, found as blocks pass by."""

    labels: np.ndarray  # (classes,)
    found: dict[int, tuple[float, int]] = field(default_factory=dict)  # by label: summed softmax, image id

    def watched(self, blocks: Iterable[Responses]) -> Iterator[Responses]:
        for block in blocks:
            sums = block.true_class_probability().sum(axis=0, dtype=np.float64)  # (n,)
            for label in np.intersect1d(self.labels, block.labels).tolist():
                own = np.flatnonzero(block.labels == label)
                best = own[sums[own].argmax()]
                candidate = (float(sums[best]), int(block.image_ids[best]))
                if label not in self.found or candidate[0] > self.found[label][0]:
                    self.found[label] = candidate
            yield block

    @property
    def ids(self) -> list[int]:
        return [self.found[label][1] for label in self.labels.tolist()]


def sample_classes(labels: np.ndarray) -> np.ndarray:
    """A few classes, spread over those that have images."""
    present = np.unique(labels)
    return present[np.linspace(0, len(present) - 1, min(SAMPLES, len(present))).round().astype(int)]


@torch.inference_mode()
def transformed(samples: Images, conditions: Sequence[Condition], rendering: Rendering, seed: int) -> np.ndarray:
    """What becomes of a few images: (M, N, C, H, W) uint8."""
    cpu = torch.device("cpu")
    batch = _block(samples, len(samples), seed, cpu)
    results = [prepare(*condition, samples.shape, rendering, cpu)(batch) for condition in conditions]
    return to_bytes(torch.stack(results)).numpy()
