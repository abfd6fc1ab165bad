"""What the lesson "Generative networks" says, and our answers."""

from collections.abc import Mapping
from typing import Any

from invariscope.papers.item import Answer, Item, Source, from_json, percent, with_interval

Found = Mapping[str, Any]
EVALUATION = "results/*/generative/metrics.json"


def sparse(found: Found) -> str | None:
    if not {"sparse", "dense"} <= found.keys():
        return None
    ours, control = found["sparse"], found["dense"]
    return (
        f"units are within {ours['sparsity_error']:.3f} of the target in the mean; mean |cosine| between their fields "
        f"{ours['code_cosine']:.2f}, of the autoencoder without the penalty {control['code_cosine']:.2f}; mean "
        f"|correlation| between their activations {ours['code_correlation']:.3f} and {control['code_correlation']:.3f}"
    )


def variational(found: Found) -> str | None:
    if not {"variational", "autoencoder"} <= found.keys():
        return None
    distances = [found[kind]["frechet_distance, drawn"] for kind in ("variational", "autoencoder")]
    return (
        f"Fréchet distance of drawn images {distances[0]:.0f}, of the plain autoencoder's {distances[1]:.0f}, of real "
        f"ones {found['real']['frechet_distance, real']:.0f}"
    )


def adversarial(found: Found) -> str:
    return (
        f"the Fréchet distance falls {found['fall']:.1f} times, from {found['frechet_distance_before']:.0f} to "
        f"{found['frechet_distance_after']:.0f}; {percent(found['classes'])} of the classes are among the samples"
    )


def located(found: Found) -> str:
    return "; ".join(
        f"{words}: IoU {with_interval(found[key]['iou_with_switches'])} with switches, "
        f"{with_interval(found[key]['iou_without_switches'])} without"
        for key, words in (("one", "one object"), ("two", "two objects, each for its class"))
        if key in found
    )


SOURCE = Source(
    'Lesson "Generative networks"',
    (
        Item(
            "Sparse autoencoder, key equations",
            'A Kullback-Leibler term holds units at a small mean activation and makes them "approximately '
            'orthogonal"; no number.',
            (Answer(EVALUATION, from_json(sparse)),),
            ("generative/codes.png", "generative/basis.png"),
        ),
        Item(
            "Variational autoencoder",
            'A mean and a variance for a code give "nearly continuous" output; a drawing.',
            (Answer(EVALUATION, from_json(variational)),),
            ("generative/sweeps.png", "generative/samples.png"),
        ),
        Item(
            "Deconvolution, DCGAN",
            "The architecture from 100 numbers by 4 x 4 x 1024 to 64 x 64 x 3; a drawing.",
            look_at=("generative/samples.png",),
            why_not="The same build in the sizes of the studies (`dcgan.widths`): the paper's takes a GPU.",
        ),
        Item(
            "Generative adversarial networks",
            "Train first the discriminator, then the generator, then both; no number.",
            (Answer("results/*/generative/dcgan/metrics.json", from_json(adversarial)),),
            ("generative/dcgan_training.png",),
        ),
        Item(
            "Locating objects with deconvolution",
            "Switches that remember the maxima let a mirrored network label pixels; a picture of Noh et al. (2015).",
            (Answer("results/*/*/unpooling/metrics.json", from_json(located)),),
            ("unpooling/iou.png", "unpooling/scenes.png"),
        ),
        Item(
            "Deconvolution of a bicycle",
            "Maps of 14, 28, 56, 112 and 224 px, to the eye.",
            look_at=("unpooling/stages.png",),
            why_not="VGG and its images are not embedded; the same sequence of our networks.",
        ),
    ),
)
