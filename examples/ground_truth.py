"""Ground truth: twin networks that differ only in what they have seen vary. Does a measure tell them apart?"""

# %% The same digits for both twins, but for their rotation: every factor has a random stream of its own.
import torch

from invariscope import (
    ClassifierTraining,
    Motion,
    Rendering,
    Thresholds,
    class_groups,
    draw_digits,
    evaluate_classifier,
    lie_errors,
    new_classifier,
    screen,
    screening_conditions,
    threshold_rows,
    train_classifier,
)

device = torch.device("cpu")
block = {"architecture": "five_conv", "widths": [8, 16, 16, 16, 16], "pool_after": [2, 4], "training": {}}
training = ClassifierTraining(epochs=6, batch_size=50, learning_rate=4e-3)
fixed = draw_digits(train=2000, test=300, size=16, factors={"rotation": 0})
varied = draw_digits(train=2000, test=300, size=16, factors={"rotation": (-60, 60)})
test, twins = fixed["test"], {}
for name, images in (("varied", varied["train"]), ("fixed", fixed["train"])):
    twins[name] = new_classifier(block, images, seed=0, device=device)
    train_classifier(twins[name], training, images, {}, seed=0)
    print(f"{name}: accuracy on upright digits {evaluate_classifier(twins[name], test)['accuracy']:.3f}")

# %% Their behaviour itself, which only drawn images show: the same digits, drawn at an angle.
turned = draw_digits(train=10, test=300, size=16, factors={"rotation": 45})["test"]
for name, twin in twins.items():
    print(f"{name}: accuracy on turned digits {evaluate_classifier(twin, turned)['accuracy']:.3f}")

# %% Screening: how far can a picture be turned?
conditions = screening_conditions({"rotation": range(-180, 181, 20)})
for name, twin in twins.items():
    answers = screen(twin, test, conditions, Rendering(), seed=0, device=device)
    settings = Thresholds(criteria=("accuracy",), resamples=50)
    found = threshold_rows(answers, class_groups(answers.sizes, {}), settings, seed=0, origin={})
    degrees = [abs(row["threshold"] or row["grid_end"]) for row in found if row["kind"] == "group"]
    print(f"{name}: rotation is noticed from {sum(degrees) / len(degrees):.0f} degrees on")

# %% The Lie derivative looks at the first moment of a turn alone, and need not see what screening sees.
x = test.tensors()[0][:60]
for name, twin in twins.items():
    errors = lie_errors(twin, x, [], Motion("rotation"))  # of the output; layers by name, if wanted
    print(f"{name}: relative error of the answers under rotation {errors.relative('cumulative')[-1]:.3f}")
