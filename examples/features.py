"""Feature visualisation: images that channels, sums of them and classes of a network answer to most."""

# %% A classifier of drawn digits. `visualize` takes any torch.nn.Module, given the `shape` of its images.
import sys
from pathlib import Path

import torch
from PIL import Image

from invariscope import ClassifierTraining, draw_digits, new_classifier, predict, train_classifier, visualize

data = draw_digits(train=2000, test=500, size=20)
block = {"architecture": "five_conv", "widths": [8, 16, 16, 16, 16], "pool_after": [1, 2, 4], "training": {}}
classifier = new_classifier(block, data["train"], seed=0, device=torch.device("cpu"))
train_classifier(classifier, ClassifierTraining(epochs=5, batch_size=50, learning_rate=4e-3), data["train"], {}, seed=0)

# %% All in one batch. The training images give the colours to start from.
objectives = ["conv4:5", "conv4:5 - 0.5 * conv4:7", *(f"class:{digit}" for digit in range(10))]
pixels = data["train"].tensors()[0]
found = visualize(classifier, objectives, pixels=pixels, steps=48, seed=0)
for objective, value, dead in zip(found.objectives, found.values.tolist(), found.dead.tolist(), strict=True):
    print(f"{objective}: {'dead' if dead else format(value, '.2f')}")

# %% Does the classifier take the images of its classes for these classes?
taken = predict(classifier, found.images[2:].numpy()).argmax(1)
print(f"taken for their class: {(taken == torch.arange(10)).float().mean():.2f}")

# %% The images side by side, in a folder of your choice.
if len(sys.argv) > 1:
    Image.fromarray(torch.cat(list(found.images[:, 0]), dim=1).numpy()).save(Path(sys.argv[1]) / "features.png")
