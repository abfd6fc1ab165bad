"""An Invariant Transformer Net: large transformations that a classifier does not notice, learned."""

# %% A classifier of drawn digits that were seen at many angles.
import torch

from invariscope import (
    ClassifierTraining,
    TransformerEvaluation,
    TransformerTraining,
    draw_digits,
    evaluate_transformer,
    new_classifier,
    train_classifier,
    train_transformer,
)

data = draw_digits(train=2000, test=500, size=20, factors={"rotation": (-45, 45)})
block = {"architecture": "five_conv", "widths": [8, 16, 16, 16, 16], "pool_after": [1, 2, 4], "training": {}}
classifier = new_classifier(block, data["train"], seed=0, device=torch.device("cpu"))
train_classifier(classifier, ClassifierTraining(epochs=6, batch_size=50, learning_rate=4e-3), data["train"], {}, seed=0)

# %% Maps of positions and of intensities, as large as the classifier's answers allow.
config = TransformerTraining(iterations=200, batch_size=32)
transformer, history = train_transformer(classifier, config, data["train"], seed=0)

# %% What is lost, beside what random transformations of the same size lose.
evaluation = TransformerEvaluation(images=200, strengths=(0.5, 1.0))
for row in evaluate_transformer(transformer, classifier, data["test"], evaluation, seed=0):
    print(
        f"{row['control']}, {row['kind']}, strength {row['strength']:.1f}: "
        f"displacement {row['displacement']:.3f}, accuracy {row['accuracy']:.3f}"
    )
