"""Architectures by name: each is a module, imported only when it is asked for (torchvision alone takes seconds).

An architecture module has `build(config, channels, size, classes) -> nn.Module`.
"""

ARCHITECTURES = {
    "five_conv": "invariscope.classifiers.five_conv",
    "five_conv_dense": "invariscope.classifiers.five_conv_dense",
    "alexnet": "invariscope.classifiers.alexnet",
    "resnet18": "invariscope.classifiers.resnet",
    "resnet34": "invariscope.classifiers.resnet",
    "resnet50": "invariscope.classifiers.resnet",
    "resnet101": "invariscope.classifiers.resnet",
    "resnet152": "invariscope.classifiers.resnet",
}
