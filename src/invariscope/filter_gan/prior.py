"""The natural-image prior of Mahendran & Vedaldi (2015, "Understanding deep image representations by inverting them").

Ψ(x) = λ_α/(HW) Σ (Σ_c x²)^{α/2} + λ_β/(HW) Σ (dx² + dy²)^{β/2}, with α = 6, β = 2, λ_α = (1/B)^α, λ_β = (6.5/B)^β
and B = 80 on the 0-255 scale of pixels. It keeps pixels in a natural range and neighbours alike.

Our choices, where the paper is silent: "mean-subtracted" means that each channel's mean over the image itself is taken
off (a data set's mean would make the prior of an image depend on its company), dx and dy are forward differences, 0
across the border, squared and summed over the channels.
"""

from torch import Tensor

ALPHA = 6  # of the norm of the pixels
BETA = 2  # of the total variation
RANGE = 80 / 255  # B, the norm of a typical colour, of pixels in [0, 1]
VARIATION = 6.5  # typical differences are RANGE / VARIATION


def natural_image_prior(images: Tensor, full: float = 1.0) -> Tensor:
    """Ψ of every image of (N, C, H, W), without unit: (N,). `full` is the intensity of white: 1, or 255."""
    return alpha_norm(images, full) + total_variation(images, full)


def alpha_norm(images: Tensor, full: float = 1.0) -> Tensor:
    """λ_α/(HW) Σ (Σ_c x²)^{α/2} of mean-subtracted pixels: (N,)."""
    centred = (images - images.mean((2, 3), keepdim=True)) / (RANGE * full)
    return centred.square().sum(1).pow(ALPHA / 2).mean((1, 2))


def total_variation(images: Tensor, full: float = 1.0) -> Tensor:
    """λ_β/(HW) Σ (dx² + dy²)^{β/2}, summed over the channels too: (N,). β is 2, so that no root is taken of 0."""
    scaled = images * (VARIATION / (RANGE * full))
    across, down = scaled.diff(dim=3).square(), scaled.diff(dim=2).square()
    return (across.sum((1, 2, 3)) + down.sum((1, 2, 3))) / (images.shape[2] * images.shape[3])
