"""Screening: how far can a transformation be pushed before the network notices?"""

# %% A classifier of drawn digits.
import torch

from invariscope import (
    ClassifierTraining,
    Rendering,
    Thresholds,
    class_groups,
    draw_digits,
    new_classifier,
    screen,
    screening_conditions,
    threshold_rows,
    train_classifier,
)

device = torch.device("cpu")
data = draw_digits(train=2000, test=500, size=20)
block = {"architecture": "five_conv", "widths": [8, 16, 16, 16, 16], "pool_after": [1, 2, 4], "training": {}}
classifier = new_classifier(block, data["train"], seed=0, device=device)
train_classifier(classifier, ClassifierTraining(epochs=5, batch_size=50, learning_rate=4e-3), data["train"], {}, seed=0)

# %% The classifier's answers to every image under every condition. Each grid holds the magnitude that changes nothing.
grids = {"rotation": range(-90, 91, 15), "translation_x": (-0.4, -0.2, 0, 0.2, 0.4), "contrast": (0, 0.1, 0.3, 1)}
answers = screen(classifier, data["test"], screening_conditions(grids), Rendering(fill="zeros"), seed=0, device=device)

# %% The share of right answers along a grid.
right = answers.correct().mean(axis=1)  # by condition
for (family, magnitude), share in zip(answers.conditions, right, strict=True):
    if family == "rotation":
        print(f"rotation by {magnitude:+.0f} degrees: accuracy {share:.3f}")

# %% Where accuracy falls to half of what it is on clean images, also class by class; `ci_low` and `ci_high`: bootstrap.
groups = class_groups(answers.sizes, {})
rows = threshold_rows(answers, groups, Thresholds(level=0.5, criteria=("accuracy",), resamples=100), seed=0, origin={})
for row in rows:
    if row["kind"] == "group":
        found = "beyond the grid" if row["censored"] else f"{row['threshold']:.2f} ({row['unit']})"
        print(f"threshold of {row['family']}, {row['direction']}: {found}")
