"""What "Generative model regularization for feature visualisation by optimisation" shows, and our answers."""

from collections.abc import Mapping
from typing import Any

from invariscope.papers.item import Answer, Item, Source, from_json, percent

Found = Mapping[str, Any]
GALLERY = "results/*/*/features/metrics.json"
LATENTS = "results/*/*/features/latents.json"


def accurate(found: Found) -> str:
    return f"test accuracy {percent(found['test_accuracy'])}, {found['parameters']} parameters"


def explained(found: Found) -> str:
    return f"{found['latent_dimension']} dimensions explain {percent(found['explained'])} of the test images' variance"


def recognised(found: Found) -> str | None:
    """How many class images each judge takes for their class, by method; the data set's own images left aside."""
    judges = {
        judge: {method: share for method, share in shares.items() if not method.startswith("dataset")}
        for judge, shares in found["given_their_class"].items()
    }
    return "; ".join(best_and_worst(judge, shares) for judge, shares in judges.items() if shares) or None


def best_and_worst(judge: str, shares: Mapping[str, float]) -> str:
    best, worst = max(shares, key=shares.__getitem__), min(shares, key=shares.__getitem__)
    return (
        f"{judge} gives their class to {percent(shares[best])} of the images at best ({best}), "
        f"{percent(shares[worst])} at worst ({worst})"
    )


def dead(found: Found) -> str:
    return f"{found['dead']} units that no image excites are named as such"


def climbed(found: Found) -> str:
    shown = found["variants"]
    tried = "; ".join(
        f"{name}: {percent(one['reached'])} of the classes reach the best of the samples" for name, one in shown.items()
    )
    return f"{percent(found['vanished_at_random_codes'])} of random codes have a gradient of zero. {tried}"


def searched(found: Found) -> str:
    return (
        f"the ascent reaches the best of {found['evaluations']['samples']} samples for {found['classes_reached']} of "
        f"{found['classes']} classes, after {found['evaluations']['ascent']} images"
    )


def channels(found: Found) -> str:
    return f"for {found['channels_reached']} of {found['channels']} channels"


SOURCE = Source(
    "Generative model regularization for feature visualisation by optimisation",
    (
        Item(
            "Figures 1 to 4",
            "Channels of GoogLeNet, taken from elsewhere.",
            why_not="Neither GoogLeNet's weights nor ImageNet are embedded. docs/own.md visualises any network of "
            "torchvision, its weights in a file.",
        ),
        Item(
            "Figure 5",
            'The "dumbbell" with an arm, taken from elsewhere.',
            why_not="As above. What a classifier has wrongly learned is planted and found in the study `ground_truth`.",
        ),
        Item(
            "Figure 6",
            "Channels of GoogLeNet without regularization, taken from elsewhere.",
            why_not="As above; ours without regularization are those of Figure 7.",
        ),
        Item(
            "Figure 7",
            "Eight channels of the third convolution, without and with transformation robustness, to the eye.",
            (Answer(GALLERY, from_json(dead)),),
            ("features/feature_channels.png", "features/sheets/*.png", "features/feature_values.png"),
        ),
        Item(
            "Figure 8",
            "24 000 images of 48 px in 60 classes; the classifier's accuracy is not given.",
            (Answer("results/shapes/*/training/metrics.json", from_json(accurate)),),
            ("data/samples.png", "training/confusion.png"),
        ),
        Item(
            "Figure 9",
            'Reconstructions by an autoencoder; 6 dimensions "prove sufficient", without a number.',
            (Answer("results/*/generative/autoencoder/metrics.json", from_json(explained)),),
            ("generative/reconstructions.png",),
        ),
        Item(
            "Figure 10",
            'Images of four class outputs bear "little resemblance to shapes"; robustness makes them distinct. To the '
            "eye.",
            (Answer(GALLERY, from_json(recognised)),),
            ("features/feature_classes.png", "features/feature_transfer.png"),
        ),
        Item(
            "Figure 11",
            "Ascent in the decoder's latent space stays near its start, for vanishing gradients as is believed.",
            (Answer("results/*/*/features/diagnosis.json", from_json(climbed)),),
            ("features/latent_ascent.png", "features/latent_mends.png", "features/latent_gradients.png"),
        ),
        Item(
            "Figure 12",
            "The 8 best of 500 000 uniform samples for a class, to the eye.",
            (Answer(LATENTS, from_json(searched)),),
            ("features/latent_classes.png", "features/latent_cost.png"),
            "Fewer samples by default (`search.samples`): `prototypes` has the paper's 500 000.",
        ),
        Item(
            "Figure 13",
            'Likewise the 4 best for each of 8 channels: "terrible".',
            (Answer(LATENTS, from_json(channels)),),
            ("features/latent_channels.png",),
        ),
    ),
)
