"""What augmentation adds to few images: traversal images, and what they are held against."""

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from invariscope.classifiers.model_file import Classifier
from invariscope.data.table import Images
from invariscope.errors import UserError
from invariscope.filter_gan.config import Augmentation, Traversal
from invariscope.filter_gan.evaluation import open_layer
from invariscope.filter_gan.networks import Generator
from invariscope.filter_gan.traversal import BLOCK, pose, solve
from invariscope.intensities import to_bytes
from invariscope.progress import track
from invariscope.runtime import torch_generator

BISECTIONS = 30  # of the noise's size: float32 has no more to halve


@dataclass(frozen=True)
class Source:
    """What traversal images come from."""

    classifier: Classifier
    module: str  # path of the layer
    generator: Generator


@dataclass(frozen=True)
class Added:
    """Changed images, `copies` for each original; what is not known is None."""

    pixels: np.ndarray  # (copies, N, C, H, W) uint8
    converged: np.ndarray | None = None  # (copies, N) bool

    def first(self, count: int) -> "Added":
        """Those of the first originals."""
        return Added(self.pixels[:, :count], None if self.converged is None else self.converged[:, :count])


def draw_subset(images: Images, per_class: int, seed: int) -> Images:
    """`per_class` images of each class at random, the classes in turn: a smaller subset is the beginning of a larger.

    Raises UserError if a class has fewer.
    """
    columns = []
    for label, name in enumerate(images.class_names):
        members = np.flatnonzero(images.labels == label)
        if len(members) < per_class:
            raise UserError(
                f"params.yaml: filter_gan: augmentation: per_class: {per_class} images of each class are wanted, and "
                f"the training split has {len(members)} of {name!r}; use fewer"
            )
        order = torch.randperm(len(members), generator=torch_generator(seed, "subset", label))
        columns.append(members[order[:per_class].numpy()])
    return images.at(np.stack(columns, axis=1).ravel())


def added_images(originals: Images, found: Added, config: Augmentation, seed: int) -> dict[str, Added]:
    """What each condition adds to the originals, given the traversal images."""
    same = np.tile(originals.pixels, (config.copies, 1, 1, 1, 1))
    parameters = draw_affine(originals.ids, config, seed)
    return {
        "none": Added(same),
        "noise": Added(noisy(same, found.pixels, originals.ids, seed)),
        "affine": Added(moved(same, parameters)),
        "traversal": found,
        "affine_and_traversal": Added(moved(found.pixels, parameters), found.converged),
    }


def traversal_images(
    source: Source, originals: Images, config: Augmentation, traversal: Traversal, seed: int, label: str
) -> Added:
    """For each original `copies` images that give, under a random bank, its activations under another one."""
    device = source.classifier.mean.device
    layer = open_layer(source.classifier, source.module, originals, device)
    codes = draw_codes(originals.ids, source.generator.latent_dimension, config, seed).flatten(0, 1)
    tiled = np.tile(originals.pixels, (config.copies, 1, 1, 1))  # (copies*N, C, H, W)
    found, converged = np.empty_like(tiled), np.empty(len(tiled), dtype=bool)
    blocks = range(0, len(tiled), BLOCK)
    for first in track(blocks, label, len(blocks)):
        chosen = slice(first, first + BLOCK)
        start = torch.from_numpy(tiled[chosen]).to(device).float().div_(255)
        problem = pose(layer, source.generator, codes[chosen, 0], codes[chosen, 1], start, traversal)
        pixels, stored = solve(problem, start, traversal)
        with torch.no_grad():
            residual = problem.residual(stored)
        found[chosen] = pixels.cpu().numpy()
        converged[chosen] = (residual <= traversal.tolerance).cpu().numpy()
    shape = (config.copies, len(originals))
    return Added(found.reshape(*shape, *found.shape[1:]), converged.reshape(shape))


def draw_codes(ids: np.ndarray, dimension: int, config: Augmentation, seed: int) -> Tensor:
    """z and z' (copies, N, 2, d), standard normal each: they go with the image, not with its place."""
    shape = (config.copies, 2, dimension)
    draws = [torch.randn(shape, generator=torch_generator(seed, "codes", id)) for id in ids.tolist()]
    z, other = torch.stack(draws, 1).unbind(2)  # (copies, N, d) each
    return torch.stack([z, config.correlation * z + (1 - config.correlation**2) ** 0.5 * other], 2)


def draw_affine(ids: np.ndarray, config: Augmentation, seed: int) -> Tensor:
    """What is read at each place of the copies, as matrices (copies, N, 2, 3) of `affine_grid`, float64.

    An image is turned, enlarged, then moved; each uniformly within its bounds, the factor on a logarithmic scale.
    """
    draws = [torch.rand(config.copies, 4, generator=torch_generator(seed, "affine", id)) for id in ids.tolist()]
    turn, growth, right, down = (2 * torch.stack(draws, 1).double() - 1).unbind(-1)  # (copies, N) each, in [-1, 1)
    angle, factor = torch.deg2rad(config.rotation * turn), (1 + config.scale) ** growth
    cosine, sine = angle.cos() / factor, angle.sin() / factor
    back = torch.stack([cosine, sine, -sine, cosine], -1).unflatten(-1, (2, 2))
    shift = 2 * config.shift * torch.stack([right, down], -1)[..., None]  # the image is 2 wide
    return torch.cat([back, -back @ shift], -1)


def moved(pixels: np.ndarray, matrices: Tensor) -> np.ndarray:
    """Images (copies, N, C, H, W) uint8 resampled once, bilinearly, black from beyond the edge; on the CPU.

    Not by screening.transforms: those move all images of a batch alike. float64, so that the identity is exact.
    """
    result = np.empty_like(pixels)
    for copy, (images, matrix) in enumerate(zip(pixels, matrices, strict=True)):
        grid = F.affine_grid(matrix, list(images.shape), align_corners=False)
        read = F.grid_sample(torch.tensor(images).double(), grid, align_corners=False)
        result[copy] = read.round().byte().numpy()
    return result


def noisy(originals: np.ndarray, like: np.ndarray, ids: np.ndarray, seed: int) -> np.ndarray:
    """Originals (copies, N, C, H, W) uint8 with Gaussian noise that changes each as much as it is changed in `like`.

    The noise's size is found by bisection, because what leaves [0, 1] is cut off.
    """
    copies, _, *shape = originals.shape
    draws = [torch.randn(copies, *shape, generator=torch_generator(seed, "noise", id)) for id in ids.tolist()]
    noise = torch.stack(draws, 1).flatten(0, 1)  # (copies*N, C, H, W)
    start = torch.tensor(originals).flatten(0, 1) / 255
    wanted = (torch.tensor(like).flatten(0, 1) / 255 - start).square().mean((1, 2, 3))
    low, high = torch.zeros(len(start), 1, 1, 1), torch.full((len(start), 1, 1, 1), 4.0)
    for _ in range(BISECTIONS):
        size = (low + high) / 2
        reached = ((start + size * noise).clamp(0, 1) - start).square().mean((1, 2, 3))
        over = (reached >= wanted)[:, None, None, None]
        low, high = torch.where(over, low, size), torch.where(over, size, high)
    return to_bytes(start + low * noise).reshape(originals.shape).numpy()
