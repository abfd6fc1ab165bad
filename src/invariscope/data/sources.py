"""Where data come from: each source is a module, imported only when it is asked for.

So an edit to one source changes nothing for the studies of another: the workflow lists exactly the module that a
study uses. A source module has `draw(config, seed, data_root) -> dict[str, ImageSet]`, split by split.
A name is one of ours (the table below), or `package.module:function` of the user's own.
"""

SOURCES = {
    "procedural_digits": "invariscope.data.procedural_digits",
    "procedural_shapes": "invariscope.data.procedural_shapes",
    "digits_8x8": "invariscope.data.digits_8x8",
    "mnist": "invariscope.data.torchvision_sets",
    "fashion_mnist": "invariscope.data.torchvision_sets",
    "kmnist": "invariscope.data.torchvision_sets",
    "cifar10": "invariscope.data.torchvision_sets",
    "image_folder": "invariscope.data.image_folder",
}
DRAWN = ("procedural_shapes", "procedural_digits")  # from known factors, so that it is known what is where
OWN = "invariscope.data.own_images"


def module_of(source: str) -> str:
    """The module that draws a source. Says nothing of whether the user has it."""
    return OWN if is_own(source) else SOURCES[source]


def is_own(source: str) -> bool:
    """Whether a source is a function of the user's, `package.module:function`."""
    return ":" in source
