"""What params.yaml asks for: which classifiers, layers and analyses, and which files that makes."""

from collections.abc import Iterator, Mapping
from typing import Any

Params = Mapping[str, Any]

DATA_FIGURES = ("samples.png",)
TRAINING_FILES = ("learning_curve.png", "confusion.png", "class_accuracy.parquet", "metrics.json")
FILTER_GAN_FILES = ("training.png", "accuracy.png", "mds.png", "filters.png", "accuracy.json", "metrics.json")
SCREENING_FILES = ("curves.png", "thresholds.png", "top_classes.parquet", "metrics.json")


def studies(params: Params) -> list[str]:
    """Every study that is defined, switched on or not."""
    return [name for name, block in params.items() if isinstance(block, Mapping) and "data" in block]


def filter_gan_layers(params: Params, study: str) -> Iterator[tuple[str, str]]:
    """(classifier, layer) pairs."""
    for classifier, layers in params[study].get("filter_gan", {}).get("layers", {}).items():
        for layer in layers:
            yield classifier, layer


def screened_classifiers(params: Params, study: str) -> list[str]:
    return list(params[study].get("screening", {}).get("classifiers", []))


def source_module(params: Params, study: str) -> str:
    """The module that makes a study's data."""
    from invariscope.data.sources import SOURCES

    return SOURCES[params[study]["data"]["source"]]


def architecture_module(params: Params, study: str, classifier: str) -> str:
    """The module that builds a classifier."""
    from invariscope.classifiers.architectures import ARCHITECTURES

    return ARCHITECTURES[params[study]["classifiers"][classifier]["architecture"]]


def targets(params: Params) -> list[str]:
    """Every file that the studies switched on ask for; what these need follows from the rules."""
    files = []
    for study in params["studies"]:
        files += [f"results/{study}/data/{name}" for name in DATA_FIGURES]
        for classifier in params[study]["classifiers"]:
            files += [f"results/{study}/{classifier}/training/{name}" for name in TRAINING_FILES]
        for classifier, layer in filter_gan_layers(params, study):
            files += [f"results/{study}/{classifier}/filter_gan/{layer}/{name}" for name in FILTER_GAN_FILES]
        for classifier in screened_classifiers(params, study):
            files += [f"results/{study}/{classifier}/screening/{name}" for name in SCREENING_FILES]
    return files
