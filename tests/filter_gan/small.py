"""A small classifier with images and labels that it can tell apart: the tests' guinea pig."""

from collections import OrderedDict

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from invariscope.data.table import Images


class SmallClassifier(nn.Module):
    """As a Classifier: `network` is the bare architecture."""

    def __init__(self) -> None:
        super().__init__()
        self.network = nn.Sequential(
            OrderedDict(
                conv1=nn.Conv2d(1, 4, 3, padding=1, bias=False),
                norm1=nn.BatchNorm2d(4),
                relu1=nn.ReLU(inplace=True),
                pool1=nn.MaxPool2d(2),
                conv2=nn.Conv2d(4, 6, 3, padding=1, bias=False),
                norm2=nn.BatchNorm2d(6),
                relu2=nn.ReLU(inplace=True),
                pool2=nn.MaxPool2d(2),
                flatten=nn.Flatten(),
                readout=nn.Linear(24, 4),
            )
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.network((x - 0.3) / 0.4)


def bars(count: int, seed: int) -> Images:
    """8x8 images of one bright bar: top, bottom, left or right, on noise."""
    random = np.random.default_rng(seed)
    labels = random.integers(0, 4, count)
    pixels = random.integers(0, 90, (count, 1, 8, 8))
    for image, label, place in zip(pixels, labels, random.integers(0, 4, count), strict=True):
        line = place if label % 2 == 0 else 7 - place
        if label < 2:
            image[0, line] += 160
        else:
            image[0, :, line] += 160
    return Images(np.arange(count), pixels.astype(np.uint8), labels, ("top", "bottom", "left", "right"), {})


def trained_classifier(images: Images, steps: int = 150) -> SmallClassifier:
    """Frozen and in eval mode, well above 90 % right."""
    torch.manual_seed(0)
    classifier = SmallClassifier()
    optimiser = torch.optim.Adam(classifier.parameters(), lr=0.01)
    x, labels = images.tensors()
    for _ in range(steps):
        chosen = torch.randint(len(x), (64,))
        optimiser.zero_grad()
        F.cross_entropy(classifier(x[chosen]), labels[chosen]).backward()
        optimiser.step()
    return classifier.eval().requires_grad_(False)
