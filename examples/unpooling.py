"""Locating: where in the image does a classifier see what it claims? With the poolings' switches, and without."""

# %% A classifier of drawn digits, whose masks are known.
import torch

from invariscope import (
    ClassifierTraining,
    Locator,
    UnpoolingTraining,
    draw_digits,
    evaluate_unpooling,
    new_classifier,
    open_drawn_source,
    train_classifier,
    train_unpooling,
)

device = torch.device("cpu")
data = draw_digits(train=2000, test=300, size=16)
block = {"architecture": "five_conv", "widths": [8, 16, 16, 16, 16], "pool_after": [2, 4], "training": {}}
classifier = new_classifier(block, data["train"], seed=0, device=device)
train_classifier(classifier, ClassifierTraining(epochs=5, batch_size=50, learning_rate=4e-3), data["train"], {}, seed=0)

# %% Two mirrors behind the frozen classifier: one puts every value back where its pooling found it, one cannot.
source = open_drawn_source("procedural_digits", 16)
config = UnpoolingTraining(width=24, images=2400, batch_size=16)
mirrors, history = train_unpooling(config, classifier, source, data["train"], {}, seed=0, device=device)

# %% Their maps of the digit's own class, held against what was painted; also for scenes of two digits.
rows, metrics = evaluate_unpooling(Locator(mirrors, classifier, device), source, data["test"], seed=0, scenes=60)
for scene, found in metrics.items():
    print(
        f"objects in the image: {scene}; IoU with switches {found['iou_with_switches']['mean']:.3f}, "
        f"without {found['iou_without_switches']['mean']:.3f}"
    )

# %% The map of one image: 0 is background, a class its number + 1.
maps = Locator(mirrors, classifier, device).label_maps(data["test"].pixels[:1])[True]
print(f"in the first image, a {data['test'].labels[0]}: {sorted(set(maps.flatten().tolist()))}")
