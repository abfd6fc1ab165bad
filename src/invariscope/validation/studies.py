"""What no schema can say of params.yaml: names that must be defined, grids, sizes, analyses that need one another."""

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

from invariscope.classifiers.architectures import ARCHITECTURES, is_own
from invariscope.data.sources import DRAWN
from invariscope.screening.families import FAMILIES
from invariscope.validation.words import Problem, shown

# The magnitude of each family that changes nothing.
IDENTITY = {name: family.identity for name, family in FAMILIES.items()}
# Width and height in px of the images of sources that have only one size.
SIZES = {"digits_8x8": 28, "mnist": 28, "fashion_mnist": 28, "kmnist": 28, "cifar10": 32}
CONVOLUTIONS = dict.fromkeys(("five_conv", "five_conv_dense"), ("conv1", "conv2", "conv3", "conv4", "conv5"))
MIRRORED = ("five_conv", "five_conv_dense", "alexnet")  # chains of convolutions and poolings, which can be mirrored
JUDGED_TOGETHER = ("variational", "sparse", "dense", "dcgan", "evaluation")


def cross_problems(params: Mapping[str, Any]) -> Iterator[Problem]:
    """What no schema can say: names that must be defined, grids, sizes."""
    defined = [name for name, block in params.items() if isinstance(block, Mapping) and "data" in block]
    for index, name in enumerate(params["studies"]):
        if name not in defined:
            yield ("studies", index), f"{shown(name)} is no study of this file; it defines {', '.join(defined)}"
    yield from grid_problems(params["magnitudes"], ("magnitudes",))
    for name in defined:
        yield from study_problems(params[name], name, params["magnitudes"])


def grid_problems(grids: Mapping[str, list[float]], where: tuple[str, ...]) -> Iterator[Problem]:
    for family, grid in grids.items():
        if grid and IDENTITY[family] not in grid:
            yield (*where, family), f"must contain {IDENTITY[family]}, the magnitude that changes nothing"
        if any(low >= high for low, high in pairwise(grid)):
            yield (*where, family), f"{shown(grid)} is not allowed; magnitudes must increase, none twice"


def study_problems(study: Mapping[str, Any], name: str, grids: Mapping[str, Any]) -> Iterator[Problem]:
    """Problems of a study: of its data, its classifiers, and each analysis that it has."""
    yield from data_problems(study["data"], (name, "data"))
    size = study["data"].get("size", SIZES.get(study["data"]["source"]))
    for factor, bounds in study["data"].get("factors", {}).items():
        if isinstance(bounds, list) and bounds[0] > bounds[1]:
            yield (name, "data", "factors", factor), f"{shown(bounds)} is not allowed; it must be [low, high]"
    for label, classifier in study["classifiers"].items():
        yield from classifier_problems(classifier, size, (name, "classifiers", label))
    if "filter_gan" in study:
        yield from filter_gan_problems(study["filter_gan"], (name, "filter_gan"))
        layers = study["filter_gan"]["layers"]
        yield from layer_problems(layers, study["classifiers"], (name, "filter_gan", "layers"))
    if "transformer" in study:
        yield from transformer_problems(study["transformer"], study["classifiers"], (name, "transformer"))
    if "generative" in study:
        yield from generative_problems(study["generative"], study["classifiers"], (name, "generative"))
    if "unpooling" in study:
        yield from unpooling_problems(study, (name, "unpooling"))
    if "ground_truth" in study:
        yield from ground_truth_problems(study, grids, (name, "ground_truth"))
    if "features" in study:
        yield from feature_problems(study["features"], study["classifiers"], (name, "features"))
        if "generative" not in study:
            yield (name, "generative"), "is missing; features search the latent box of its autoencoder"
        for index, network in enumerate(study["features"]["decoders"]["networks"]):
            if network not in study.get("generative", {}):
                where = (name, "features", "decoders", "networks", index)
                yield where, f"{shown(network)} is no generative network of this study; it has none of that name"
    if "screening" in study:
        yield from screening_problems(study["screening"], study["classifiers"], grids, (name, "screening"))


def data_problems(data: Mapping[str, Any], where: tuple[str, ...]) -> Iterator[Problem]:
    """What a folder of images needs to be brought to one size, and what says it twice."""
    if data["source"] != "image_folder":
        return
    if "transforms" in data:
        for key in ("size", "shorter_side", "interpolation"):
            if key in data:
                yield (*where, key), "is not allowed beside transforms, which say it; leave one of them"
    elif "size" not in data:
        yield (*where, "size"), "is missing; give it in px, or transforms such as alexnet.IMAGENET1K_V1"


def filter_gan_problems(block: Mapping[str, Any], where: tuple[str, ...]) -> Iterator[Problem]:
    """Problems of the filter-GANs' training, layer by layer, of their traversal and of their augmentation."""
    places: dict[tuple[str, ...], Mapping[str, Any]] = {("training",): block["training"]}
    for label, layers in block["layers"].items():
        places |= {("layers", label, layer): {**block["training"], **own} for layer, own in layers.items()}
    for place, training in places.items():
        if training["spread_weight"] and training["batch_size"] < 2:
            yield (
                (*where, *place, "batch_size"),
                "1 is not allowed; with a spread_weight an image needs two codes",
            )
        if training["latent_dimension"] < 2:
            yield (*where, *place, "latent_dimension"), "1 is not allowed; a traversal needs two axes"
    yield from traversal_problems(block, where)
    if "augmentation" in block:
        yield from augmentation_problems(block["augmentation"], block["layers"], (*where, "augmentation"))


def traversal_problems(block: Mapping[str, Any], where: tuple[str, ...]) -> Iterator[Problem]:
    """A grid of codes without a point in its middle."""
    grid = block["traversal"]["grid"]
    if grid % 2 == 0:
        yield (*where, "traversal", "grid"), f"{grid} is not allowed; an odd number has a point in the middle"


def augmentation_problems(
    block: Mapping[str, Any], layers: Mapping[str, Any], where: tuple[str, ...]
) -> Iterator[Problem]:
    """Layers that no filter-GAN is of, and sizes that are not among those compared."""
    known = sorted({layer for labels in layers.values() for layer in labels})
    for index, layer in enumerate(block["layers"]):
        if layer not in known:
            yield (*where, "layers", index), f"{shown(layer)} is no layer of this study; it has {', '.join(known)}"
    for index, size in enumerate(block["own"]):
        if size not in block["per_class"]:
            yield (*where, "own", index), f"{size} is not one of per_class; add it there"


def layer_problems(
    layers: Mapping[str, Any], classifiers: Mapping[str, Any], where: tuple[str, ...]
) -> Iterator[Problem]:
    """Classifiers that the study has not, and layers that are no convolutions of theirs."""
    for label, blocks in layers.items():
        if label not in classifiers:
            yield (*where, label), f"is no classifier of this study; it has {', '.join(classifiers)}"
            continue
        architecture = classifiers[label]["architecture"]
        known = CONVOLUTIONS.get(architecture)
        for layer, block in blocks.items():
            path = block.get("module", layer)
            if known and path not in known:
                what = f"{shown(path)} is no convolution of {architecture}; it has {', '.join(known)}"
                yield (*where, label, layer), what


def named_problems(
    labels: list[str], classifiers: Mapping[str, Any], where: tuple[str, ...], key: str = "classifiers"
) -> Iterator[Problem]:
    """Classifiers that an analysis names under a key, and the study has not."""
    for index, label in enumerate(labels):
        if label not in classifiers:
            has = f"is no classifier of this study; it has {', '.join(classifiers)}"
            yield (*where, key, index), f"{shown(label)} {has}"


def transformer_problems(
    block: Mapping[str, Any], classifiers: Mapping[str, Any], where: tuple[str, ...]
) -> Iterator[Problem]:
    """Classifiers that the study has not, a grid of controls without 0, strengths that are all above 1."""
    yield from named_problems(block["classifiers"], classifiers, where)
    grid, strengths = block["evaluation"]["grid"], block["evaluation"]["strengths"]
    if grid % 2 == 0:
        yield (*where, "evaluation", "grid"), f"{grid} is not allowed; an odd number has a control 0 in the middle"
    if min(strengths) > 1:
        yield (*where, "evaluation", "strengths"), f"{shown(strengths)} is not allowed; one must be 1 or less"


def feature_problems(
    block: Mapping[str, Any], classifiers: Mapping[str, Any], where: tuple[str, ...]
) -> Iterator[Problem]:
    """Names that must be defined, ranges, and whether what is asked of the methods is there."""
    for label, units in block["classifiers"].items():
        yield from unit_problems(label, units, classifiers, (*where, "classifiers", label))
    yield from gallery_problems(block["gallery"], (*where, "gallery"))
    for key in ("ascent", "decoders"):
        candidates, starts = block[key]["candidates"], block[key]["starts"]
        if 0 < candidates < starts:
            least = f"{'0, or ' if key == 'ascent' else ''}at least starts, {starts}"
            yield (*where, key, "candidates"), f"{candidates} is not allowed; it must be {least}"


def unit_problems(
    label: str, units: Mapping[str, Any], classifiers: Mapping[str, Any], where: tuple[str, ...]
) -> Iterator[Problem]:
    """A classifier that the study has not, layers that it has not, and judges that are no other classifiers."""
    if label not in classifiers:
        yield where, f"is no classifier of this study; it has {', '.join(classifiers)}"
        return
    architecture = classifiers[label]["architecture"]
    known = CONVOLUTIONS.get(architecture)
    for module in units["layers"]:
        if known and module.startswith("conv") and module not in known:
            yield (*where, "layers", module), f"is no convolution of {architecture}"
    for index, judge in enumerate(units["judges"]):
        if judge not in classifiers or judge == label:
            others = ", ".join(name for name in classifiers if name != label) or "none"
            yield (*where, "judges", index), f"{shown(judge)} is no other classifier of this study; it has {others}"


def gallery_problems(gallery: Mapping[str, Any], where: tuple[str, ...]) -> Iterator[Problem]:
    """Ranges that are reversed, and methods or robustness that are named but not defined."""
    named, methods = list(gallery["robustness"]), gallery["methods"]
    for name, ranges in gallery["robustness"].items():
        for key in ("jitter", "rotation", "scale"):
            if key in ranges and ranges[key][0] > ranges[key][1]:
                wrong = f"{shown(ranges[key])} is not allowed; it must be [low, high]"
                yield (*where, "robustness", name, key), wrong
    for name, method in methods.items():
        for key, allowed_names in (("regularizations", named), ("transfer", method["regularizations"])):
            for index, regularization in enumerate(method[key]):
                if regularization not in allowed_names:
                    which = f"{shown(regularization)} is not one of {', '.join(allowed_names)}"
                    yield (*where, "methods", name, key, index), which
    variety = gallery["variety"]
    for key, allowed_names in (("method", list(methods)), ("regularization", named)):
        if variety[key] not in allowed_names:
            yield (*where, "variety", key), f"{shown(variety[key])} is not one of {', '.join(allowed_names)}"


def generative_problems(
    block: Mapping[str, Any], classifiers: Mapping[str, Any], where: tuple[str, ...]
) -> Iterator[Problem]:
    """Networks that are not judged, judges that the study has not, and a control that is none."""
    missing = [key for key in JUDGED_TOGETHER if key not in block]
    if missing:
        if len(missing) < len(JUDGED_TOGETHER):
            yield (*where, missing[0]), f"is missing; {', '.join(JUDGED_TOGETHER)} are given together, or none of them"
        return
    yield from named_problems(block["evaluation"]["judges"], classifiers, (*where, "evaluation"), "judges")
    for key, value in block["sparse"].items():
        control = block["dense"][key]
        if key == "sparsity_weight" and control:
            yield (*where, "dense", key), f"{shown(control)} is not allowed; the control has none: 0"
        elif key != "sparsity_weight" and control != value:
            wanted = f"{shown(control)} must be that of sparse, {shown(value)}: dense is its control"
            yield (*where, "dense", key), wanted


def unpooling_problems(study: Mapping[str, Any], where: tuple[str, ...]) -> Iterator[Problem]:
    """What cannot be mirrored, or has no known place."""
    classifiers, source = study["classifiers"], study["data"]["source"]
    yield from named_problems(study["unpooling"]["classifiers"], classifiers, where)
    if source not in DRAWN:
        yield where, f"needs data of which it is known what is where, {' or '.join(DRAWN)}; drop it from this study"
    for index, label in enumerate(study["unpooling"]["classifiers"]):
        architecture = classifiers.get(label, {}).get("architecture", MIRRORED[0])
        if architecture in ARCHITECTURES and architecture not in MIRRORED:
            what = f"{shown(label)} is a {architecture}, which has no mirror; {', '.join(MIRRORED)} have one"
            yield (*where, "classifiers", index), what


def screening_problems(
    screening: Mapping[str, Any], classifiers: Mapping[str, Any], grids: Mapping[str, Any], where: tuple[str, ...]
) -> Iterator[Problem]:
    """Classifiers that the study has not, grids that are wrong or all empty, a reserved name."""
    yield from named_problems(screening["classifiers"], classifiers, where)
    own = screening["magnitudes"]
    yield from grid_problems(own, (*where, "magnitudes"))
    if not any({**grids, **own}.values()):
        yield (*where, "magnitudes"), "drops every family; leave one, or drop the study's screening"
    for index, family in enumerate(screening.get("sensitivity", {}).get("families", [])):
        if not {**grids, **own}[family]:
            yield (*where, "sensitivity", "families", index), f"{shown(family)} has no magnitudes in this study"
    if "all" in screening["groups"]:
        yield (*where, "groups", "all"), "is reserved for all classes; give it another name"


def classifier_problems(classifier: Mapping[str, Any], size: int | None, where: tuple[str, ...]) -> Iterator[Problem]:
    """What a classifier lacks to get its weights and normalisation, and poolings that leave nothing of an image."""
    if is_own(classifier["architecture"]):
        if not {"training", "weights", "normalisation"} & set(classifier):
            yield (*where, "normalisation"), "is missing; say how images are normalised for the weights in the network"
    elif "training" not in classifier and "weights" not in classifier:
        yield (*where, "training"), "is missing; give it, or weights to take instead"
    pools = classifier.get("pool_after", [])
    if pools != sorted(pools):
        yield (*where, "pool_after"), f"{shown(pools)} is not allowed; the numbers must increase"
    if size is not None and size >> len(pools) < 1:
        smallest = f"{len(pools)} times 2x2 pooling leaves nothing of {size} px; use at most {size.bit_length() - 1}"
        yield (*where, "pool_after"), f"{shown(pools)} is not allowed; {smallest}"


def ground_truth_problems(
    study: Mapping[str, Any], grids: Mapping[str, Any], where: tuple[str, ...]
) -> Iterator[Problem]:
    """Data without factors, a classifier that cannot be trained again, a factor that never varies, layers."""
    block, source = study["ground_truth"], study["data"]["source"]
    label = block["twins"]["classifier"]
    if source not in DRAWN:
        yield where, f"needs data drawn from known factors, {' or '.join(DRAWN)}; drop it from this study"
    yield from named_problems([label], study["classifiers"], (*where, "twins"), "classifier")
    classifier = study["classifiers"].get(label, {})
    if classifier and "training" not in classifier:
        yield (*where, "twins", "classifier"), f"{shown(label)} is not trained here; name one with `training`"
    varied = study["data"].get("factors", {})
    for factor, about in block["twins"]["factors"].items():
        seen = varied.get(factor)
        if isinstance(seen, int | float) or (seen and not seen[0] <= about["held"] <= seen[1]):
            what = f"{shown(about['held'])} must lie within the range that the other twins see, and data.factors has"
            yield (*where, "twins", "factors", factor, "held"), f"{what} {shown(seen)}"
        if "family" in about and not grids.get(about["family"]):
            yield (*where, "twins", "factors", factor, "family"), "has no grid under magnitudes; add one"
    known = CONVOLUTIONS.get(classifier.get("architecture", ""))
    for place in ("probe", "extraction"):
        for index, layer in enumerate(block[place]["layers"]):
            if known and layer.startswith("conv") and layer not in known:
                what = f"{shown(layer)} is no convolution of {classifier['architecture']}; it has {', '.join(known)}"
                yield (*where, place, "layers", index), what
    yield from traversal_problems(block["extraction"], (*where, "extraction"))
