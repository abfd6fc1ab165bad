"""A classifier of our architectures and a network of your own: trained, judged, saved and read again."""

# %% Digits drawn from known factors. Images of your own are `Images(ids, pixels, labels, class_names, factors={})`.
import sys
from pathlib import Path

import torch
from torch import nn

from invariscope import (
    ClassifierTraining,
    draw_digits,
    evaluate_classifier,
    load_classifier,
    new_classifier,
    predict,
    save_classifier,
    train_classifier,
)

device = torch.device("cpu")
data = draw_digits(train=2000, test=500, size=20)
training = ClassifierTraining(epochs=5, batch_size=50, learning_rate=4e-3)

# %% One of our architectures, as a block of params.yaml describes it. With `training` the weights are new ones.
block = {"architecture": "five_conv", "widths": [8, 16, 16, 16, 16], "pool_after": [1, 2, 4], "training": {}}
classifier = new_classifier(block, data["train"], seed=0, device=device)
history = train_classifier(classifier, training, data["train"], {"test": data["test"]}, seed=0)
for row in history:
    print(f"epoch {row['epoch']}, {row['split']}: accuracy {row['accuracy']:.3f}")


# %% A network of your own: a function with these parameters, or fewer, named `module:function`.
def build(channels: int, classes: int) -> nn.Module:
    """Images (N, channels, H, W) to logits (N, classes)."""
    body = nn.Sequential(nn.Conv2d(channels, 16, 5, padding=2), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(4))
    return nn.Sequential(body, nn.Flatten(), nn.LazyLinear(classes))


own = new_classifier({"architecture": "__main__:build", "training": {}}, data["train"], seed=0, device=device)
train_classifier(own, training, data["train"], {}, seed=0)

# %% How good are they?
for name, network in (("five_conv", classifier), ("own", own)):
    judged = evaluate_classifier(network, data["test"])
    print(f"{name}: test accuracy {judged['accuracy']:.3f}, loss {judged['loss']:.3f}")

# %% Kept as safetensors. What is read again answers alike, bit by bit.
if len(sys.argv) > 1:
    path = Path(sys.argv[1]) / "model.safetensors"
    save_classifier(classifier, path)
    pixels = data["test"].pixels
    same = torch.equal(predict(load_classifier(path, device), pixels), predict(classifier, pixels))
    print(f"read again, it answers alike: {same}")
