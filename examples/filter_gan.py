"""A filter-GAN: other filters for a layer that leave the accuracy as it was, and what they come to in an image."""

# %% A classifier of drawn digits.
import numpy as np
import torch

from invariscope import (
    ClassifierTraining,
    FilterGanConfig,
    Traversal,
    draw_digits,
    evaluate_classifier,
    new_classifier,
    pooled_classifier,
    summarise_traversal,
    train_classifier,
    train_filter_gan,
    traverse,
)

data = draw_digits(train=2000, test=500, size=20)
block = {"architecture": "five_conv", "widths": [8, 16, 16, 16, 16], "pool_after": [1, 2, 4], "training": {}}
classifier = new_classifier(block, data["train"], seed=0, device=torch.device("cpu"))
train_classifier(classifier, ClassifierTraining(epochs=5, batch_size=50, learning_rate=4e-3), data["train"], {}, seed=0)

# %% A generator of banks, each all filters of the layer. It is judged on images that it has not seen.
layer = "conv2"
config = FilterGanConfig(iterations=200, log_every=100, generator_width=64, discriminator_width=16)
generator, history = train_filter_gan(classifier, layer, config, data["train"], data["test"], seed=0)
for row in history:
    print(
        f"iteration {row['iteration']:.0f}: accuracy {row['single_bank_accuracy']:.3f} with one generated bank, "
        f"{row['real_accuracy']:.3f} with the real one; spread {row['activation_spread']:.2f}"
    )

# %% Traversals: images that give, under other filters, the activations that an image gives under its own.
table = traverse(classifier, layer, generator, data["test"].at(np.arange(5)), Traversal(grid=3), seed=0)
found = summarise_traversal(table)["all"]
print(f"residual of the activations: {found['median_residual_before']:.3f}, then {found['median_residual']:.3f}")
print(f"share of {found['points']} images that keep their class: {found['keeps_label']:.2f}")

# %% The layer pooled over ten banks, as a drop-in for the classifier.
pooled = pooled_classifier(classifier, layer, generator, codes=10)
print(f"pooled over banks: accuracy {evaluate_classifier(pooled, data['test'])['accuracy']:.3f}")
