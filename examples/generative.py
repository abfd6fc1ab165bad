"""Generative networks: a variational autoencoder and a DCGAN of digits, and how real a classifier finds them."""

# %% Drawn digits, and a classifier to judge by.
import torch

from invariscope import (
    ClassifierTraining,
    DcganPhases,
    DcganTraining,
    GenerativeEvaluation,
    VariationalTraining,
    draw_digits,
    evaluate_generative,
    new_classifier,
    train_autoencoder,
    train_classifier,
    train_dcgan,
)

device = torch.device("cpu")
data = draw_digits(train=2000, test=500, size=20)
block = {"architecture": "five_conv", "widths": [8, 16, 16, 16, 16], "pool_after": [1, 2, 4], "training": {}}
judge = new_classifier(block, data["train"], seed=0, device=device)
train_classifier(judge, ClassifierTraining(epochs=5, batch_size=50, learning_rate=4e-3), data["train"], {}, seed=0)

# %% A variational autoencoder; `images` is how many it sees, each as often as it takes.
coder_training = VariationalTraining(8, (8, 16), (32, 16), dense_width=64, images=10_000)
coder, history = train_autoencoder(coder_training, data["train"], {"test": data["test"]}, seed=0, device=device)
print(f"variational: error {history[-1]['error']:.4f}, of the mean image {history[-1]['mean_image_error']:.4f}")

# %% A DCGAN: its discriminator learns alone, then its generator, then both.
gan_training = DcganTraining(DcganPhases(5, 5, 40), 16, (32, 16), learning_rate=1e-3, log_images=200)
gan, _ = train_dcgan(gan_training, data["train"], data["test"], judge, seed=0, device=device)

# %% Images of each, as it draws its codes.
codes = gan.draw(4, torch.Generator().manual_seed(0))
print(f"images of the DCGAN: {tuple(gan.decode(codes).shape)}")

# %% How far are they from real images, in what the judge makes of them? Real ones from one another are the floor.
settings = GenerativeEvaluation(judges=("five_conv",), images=200, draws=2, resamples=20)
found = evaluate_generative(
    {"variational": coder, "dcgan": gan}, {"five_conv": judge}, settings, data["train"], data["test"], seed=0
)
for row in found.rows:
    if row["metric"] == "frechet_distance":
        print(f"Fréchet distance of {row['kind']}, codes {row['codes']}: {row['value']:.2f}")
