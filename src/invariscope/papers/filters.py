"""What "Parametrizing filters of a CNN with a GAN" shows, and our answers."""

from typing import Any

from invariscope.papers.item import Answer, Item, Source, from_json, in_points, percent, with_interval

LAYER = "results/*/*/filter_gan/*/"


def averaged(found: dict[str, Any]) -> str:
    real, retrained, ours = (found[name]["accuracy"] for name in ("real", "real_retrained", "averaged_retrained"))
    return (
        f"{with_interval(ours)} averaged and retrained, {real['mean']:.3f} as it is, {with_interval(retrained)} as it "
        f"is but retrained as long: {in_points(found['averaged_minus_real_retrained'])} against that control"
    )


def pooled(found: dict[str, Any]) -> str:
    return "; ".join(
        f"{words} {in_points(found[name]['minus_real_retrained'])}"
        for name, words in (
            ("orbit_mean_retrained", "mean over the orbit, retrained:"),
            ("orbit_max_retrained", "maximum:"),
            ("jittered_retrained", "noise of the same size on real filters:"),
        )
        if name in found
    )


def presets(found: dict[str, Any]) -> str | None:
    if "algorithm_1" not in found:
        return None
    plain, ours = found["algorithm_1"], found["held_spread"]
    return (
        f"one generated bank reads {percent(plain['single_bank_accuracy'], 1)} of the images by Algorithm 1 and "
        f"{percent(ours['single_bank_accuracy'], 1)} by our recipe, the real one {percent(ours['real_accuracy'], 1)}"
    )


def scaled(found: dict[str, Any]) -> str:
    return (
        f"spread within a filter's samples over spread between filters {found['spread_ratio']:.2f}; stress-1 of the "
        f"map {found['stress_1']:.2f}"
    )


def spread(found: dict[str, Any]) -> str:
    return f"spread of the weights, over that of the real filters: {found['weight_spread']:.2f}"


def traversed(found: dict[str, Any]) -> str:
    every = found["all"]
    keeps = 100 * every["keeps_prediction"]
    low, high = (100 * every[f"keeps_prediction_ci_{end}"] for end in ("low", "high"))
    before, after = every["median_residual_before"], every["median_residual"]
    return (
        f"{every['points']} points of {every['images']} images: {keeps:.0f} % ({low:.0f} to {high:.0f}) are taken for "
        f"what the image is; median residual {after:.4f} (before: {before:.4f}); RMS change at the corners "
        f"{every['corner_rms_change']:.3f} of the range of grey"
    )


def compared(found: dict[str, Any]) -> str | None:
    """The verdict on each pair of layers, with the shares that it is from; nothing where there is none."""
    pairs = [value for value in found.values() if "verdict" in value]
    return (
        "; ".join(
            f"{value['verdict']}: pixel-local share {percent(value['locality']['mean_a'])} early and "
            f"{percent(value['locality']['mean_b'])} late, a difference of "
            f"{in_points({'mean': value['locality']['difference'], **value['locality']})}"
            for value in pairs
        )
        or None
    )


def augmented(found: dict[str, Any]) -> str:
    size, conditions = next(iter(found.items()))
    own = {name: conditions[name] for name in ("traversal", "affine") if name in conditions}
    return f"{size.replace('_', ' ')}, against noise of the same size: " + "; ".join(
        f"{name} {in_points(condition['minus_noise'])}" for name, condition in own.items() if "minus_noise" in condition
    )


SOURCE = Source(
    "Parametrizing filters of a CNN with a GAN",
    (
        Item(
            "Figure 1, Algorithm 1",
            "A generator of a layer's filters against a discriminator of activations, with InfoGAN's reconstruction of "
            "z; no number.",
            (Answer(LAYER + "presets.json", from_json(presets)),),
            ("presets.png", "training.png"),
            "Our recipe holds the spread of the answers besides; ablations of its terms stand beside both.",
        ),
        Item(
            "Figure 2",
            "Learned filters of the 4th layer, to the eye.",
            (Answer(LAYER + "metrics.json", from_json(spread)),),
            ("filters.png",),
        ),
        Item(
            "Figure 3",
            'Grids of images by which the 4th layer\'s filters can be exchanged: "highly nonlinear and high-level", '
            "to the eye.",
            (Answer(LAYER + "traversal.json", from_json(traversed)),),
            ("traversal.png", "explorer/index.html"),
        ),
        Item(
            "Figure 4",
            'The 2nd layer\'s are "much more low-level", such as brightness or stroke width, to the eye.',
            (Answer("results/*/*/filter_gan/layers.json", from_json(compared)),),
            ("attributes.png",),
        ),
        Item(
            "Section 5.2, accuracy",
            "0.982 when ten generated banks are averaged and the later layers retrained, 0.971 with the real ones: no "
            "seed, no interval, and the real network is not retrained.",
            (Answer(LAYER + "accuracy.json", from_json(averaged)),),
            ("accuracy.png",),
        ),
        Item(
            "Figure 5",
            "Multi-dimensional scaling: large clusters about each real filter, to the eye.",
            (Answer(LAYER + "metrics.json", from_json(scaled)),),
            ("mds.png",),
        ),
        Item(
            "Figures 6 and 7",
            "More grids of the 4th layer.",
            look_at=("traversal.png", "explorer/index.html"),
            why_not="The explorer shows every image of every layer; the numbers are those of Figure 3.",
        ),
        Item(
            "Section 6, pooling",
            'The parametrization "could also potentially define another type of powerful pooling operation".',
            (Answer(LAYER + "accuracy.json", from_json(pooled)),),
            ("accuracy.png",),
        ),
        Item(
            "Section 6, augmentation",
            'Applications "are likely to include transfer-learning and data augmentation".',
            (Answer(LAYER + "augmentation.json", from_json(augmented)),),
            ("augmentation.png",),
        ),
    ),
)
