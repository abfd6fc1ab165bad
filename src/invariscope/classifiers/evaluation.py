"""How well a classifier does: logits, loss and accuracy, accuracy per class, confusion."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import torch
from torch import Tensor
from torch.nn import functional

from invariscope.classifiers.model_file import Classifier
from invariscope.data.table import ImageSet
from invariscope.progress import track
from invariscope.runtime import halving

# At once; fixed for a size of images, because the last bits of a convolution depend on the shape of its batch.
BLOCK, PIXELS = 250, 2_000_000  # images, and pixels of all of them: a wide network holds 64 maps of that size or more

Origin = Mapping[str, Any]  # study, classifier, seed: the same in every row
Table = tuple[dict[str, Any], dict[str, str]]  # columns and their units


@torch.inference_mode()
def predict(classifier: Classifier, pixels: np.ndarray) -> Tensor:
    """Logits (N, classes), on the CPU, of pixels (N, C, H, W) uint8.

    An image's logits do not depend on which images it comes with: every block has the same shape.
    """
    return halving(lambda size: _in_blocks(classifier, pixels, size), block_size(pixels.shape[1:]))


def _in_blocks(classifier: Classifier, pixels: np.ndarray, size: int) -> Tensor:
    device = classifier.mean.device
    logits = torch.empty(len(pixels), len(classifier.class_names))
    block = torch.zeros(size, *pixels.shape[1:], dtype=torch.uint8, device=device)
    for start in range(0, len(pixels), size):
        part = torch.from_numpy(pixels[start : start + size])
        block[: len(part)] = part.to(device)
        logits[start : start + size] = classifier(block.float().div_(255))[: len(part)].cpu()
    return logits


def block_size(shape: Sequence[int]) -> int:
    """How many images (C, H, W) are judged at once."""
    return max(1, min(BLOCK, PIXELS // (shape[1] * shape[2])))


def by_block(classifier: Classifier, images: ImageSet) -> Iterator[tuple[Tensor, Tensor]]:
    """Logits (n, classes) and labels (n,), a block at a time: a split on disk is never in memory whole."""
    size = block_size(images.shape)
    for start in range(0, len(images), size):
        part = images.at(np.arange(start, min(start + size, len(images))))
        yield predict(classifier, part.pixels), torch.from_numpy(part.labels)


def judge(classifier: Classifier, images: ImageSet) -> dict[str, float]:
    """Mean cross-entropy (nats) and accuracy on a split."""
    losses, right = [], 0
    for logits, labels in by_block(classifier, images):
        losses.append(functional.cross_entropy(logits.double(), labels, reduction="none"))
        right += int((logits.argmax(1) == labels).sum())
    return {"loss": torch.cat(losses).mean().item(), "accuracy": right / len(images)}


def confusion(classifier: Classifier, images: ImageSet) -> np.ndarray:
    """How many images of each class (rows) were taken for each class (columns)."""
    classes = len(classifier.class_names)
    counts = np.zeros(classes**2, np.int64)
    size = block_size(images.shape)
    blocks = -(-len(images) // size)
    for logits, labels in track(by_block(classifier, images), f"judging, blocks of {size} images", blocks):
        counts += np.bincount((labels * classes + logits.argmax(1)).numpy(), minlength=classes**2)
    return counts.reshape(classes, classes)


def accuracy(counts: np.ndarray) -> float:
    return float(counts.trace() / counts.sum())


def metrics(classifier: Classifier, train: ImageSet | None, counts: np.ndarray) -> dict[str, float | None]:
    """The figures of metrics.json; `counts` is the confusion of the test split, `train` None if nothing was trained."""
    return {
        "test_accuracy": accuracy(counts),
        "train_accuracy": judge(classifier, train)["accuracy"] if train else None,
        "parameters": sum(parameter.numel() for parameter in classifier.network.parameters()),
    }


def class_accuracy_table(counts: np.ndarray, class_names: tuple[str, ...], origin: Origin) -> Table:
    """Accuracy per class from a confusion; null for a class without images."""
    images = counts.sum(1)
    share = [right / total if total else None for right, total in zip(counts.diagonal(), images, strict=True)]
    constant = {name: [value] * len(class_names) for name, value in origin.items()}
    columns = constant | {"class_name": list(class_names), "n_images": images}
    return columns | {"accuracy": pa.array(share, pa.float64())}, {"n_images": "images", "accuracy": "fraction"}


def confusion_table(counts: np.ndarray, class_names: tuple[str, ...], origin: Origin) -> Table:
    """A confusion as a tidy table, zeros included."""
    names = np.array(class_names)
    constant = {name: [value] * counts.size for name, value in origin.items()}
    pairs = {"class_name": np.repeat(names, len(names)), "predicted_class": np.tile(names, len(names))}
    return constant | pairs | {"n_images": counts.ravel()}, {"n_images": "images"}
