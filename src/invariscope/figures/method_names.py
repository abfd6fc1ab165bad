"""Names of the methods that the ground truth compares, as figures and the verdict show them."""

NAMES = {
    "rendering": "Behaviour (drawn again)",
    "screening": "Threshold screening",
    "lie_derivative": "Lie derivative",
    "goodfellow": "Goodfellow's score",
    "filter_gan": "Filter-GAN traversal",
    "random_filters": "Random-filter traversal",
    "transformer": "Invariant transformer",
}
