"""What params.yaml asks for: which classifiers, layers and analyses, and which files that makes."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from invariscope.generative.config import CODERS, DCGAN, NETWORKS
from invariscope.ground_truth.config import twin_names
from invariscope.papers import page
from invariscope.provenance.sources import is_here, is_missing

Params = Mapping[str, Any]


def line_art(*names: str) -> tuple[str, ...]:
    """The files of figures without photographs: pixels for the screen, vectors for print."""
    return tuple(f"{name}.{suffix}" for name in names for suffix in ("png", "pdf"))


# All that the rules make, not only what is looked at: so a file that is lost is noticed, whichever it is.
DATA_FIGURES = ("samples.png",)
TRAINING_FILES = (
    "model.safetensors",
    "history.parquet",
    "class_accuracy.parquet",
    "confusion.parquet",
    "metrics.json",
    *line_art("learning_curve", "confusion"),
)
FILTER_GAN_FILES = (
    "generator.safetensors",
    "history.parquet",
    "accuracy.parquet",
    "accuracy.json",
    "mds.parquet",
    "filters.parquet",
    "metrics.json",
    "filters.png",
    "traversal.parquet",
    "traversal.json",
    "traversal.png",
    *line_art("training", "accuracy", "mds"),
)
PRESET_FILES = ("presets.parquet", "presets.json", *line_art("presets"))
AUGMENTATION_FILES = (
    "augmentation.parquet",
    "augmentation_examples.parquet",
    "augmentation.json",
    *line_art("augmentation"),
)
LAYER_FILES = ("attributes.parquet", "layers.parquet", "layers.json", *line_art("attributes"))
SCREENING_FILES = (
    "responses.parquet",
    "curves.parquet",
    "top_classes.parquet",
    "examples.parquet",
    "thresholds.parquet",
    "metrics.json",
    *line_art("curves", "thresholds", "classes", "heat_map"),
)
SENSITIVITY_FILES = (
    "renderings.parquet",
    "sensitivity_curves.parquet",
    "sensitivity.parquet",
    *line_art("sensitivity"),
)
TRANSFORMER_FILES = (
    "transformer.safetensors",
    "history.parquet",
    "evaluation.parquet",
    "transformations.parquet",
    "examples.parquet",
    "metrics.json",
    "alpha.png",
    "beta.png",
    *line_art("training", "accuracy", "quantities"),
)
CODER_FILES = ("model.safetensors", "history.parquet", "metrics.json", "reconstructions.parquet")
DCGAN_FILES = ("model.safetensors", "history.parquet", "metrics.json")
CODER_FIGURES = ("reconstructions.png", *line_art("training"))  # of all autoencoders together
GENERATIVE_FILES = (
    "evaluation.parquet",
    "units.parquet",
    "correlations.parquet",
    "samples.parquet",
    "sweeps.parquet",
    "basis.parquet",
    "metrics.json",
    "samples.png",
    "sweeps.png",
    "basis.png",
    *line_art("distances", "codes", "dcgan_training"),
)
FEATURE_FILES = (
    "objectives.parquet",
    "transfer.parquet",
    "metrics.json",
    "latent_search.parquet",
    "latent_curves.parquet",
    "latent_paths.parquet",
    "latents.json",
    "ascent_variants.parquet",
    "gradients.parquet",
    "diagnosis.json",
    "feature_channels.png",
    "feature_classes.png",
    "feature_variety.png",
    "latent_ascent.png",
    "latent_classes.png",
    "latent_channels.png",
    *line_art("feature_values", "feature_transfer", "latent_cost", "latent_mends", "latent_gradients"),
)
UNPOOLING_FILES = (
    "model.safetensors",
    "history.parquet",
    "iou.parquet",
    "stages.parquet",
    "metrics.json",
    "stages.png",
    "scenes.png",
    *line_art("training", "iou"),
)
TWIN_FILES = ("models.safetensors", "history.parquet", "measured.parquet", "extracted.parquet")
GROUND_TRUTH_FILES = (
    "factors.parquet",
    "differences.parquet",
    "auc.parquet",
    "roc.parquet",
    "agreement.parquet",
    "metrics.json",
    "verdict.md",
    "verdict.html",
    *line_art("twins", "agreement", "roc"),
)
EXPLORER = "results/explorer"
PAPERS = "results/papers"
COMPARISON_FILES = ("thresholds.parquet", *line_art("thresholds", "differences"))


def studies(params: Params) -> list[str]:
    """Every study that is defined, switched on or not."""
    return [name for name, block in params.items() if isinstance(block, Mapping) and "data" in block]


def filter_gan_layers(params: Params, study: str) -> Iterator[tuple[str, str]]:
    """(classifier, layer) pairs."""
    for classifier, layers in params[study].get("filter_gan", {}).get("layers", {}).items():
        for layer in layers:
            yield classifier, layer


def traversed_layers(params: Params) -> list[tuple[str, str, str]]:
    """(study, classifier, layer) of all traversals of the studies switched on."""
    return [(study, *layer) for study in params["studies"] for layer in filter_gan_layers(params, study)]


def explorer_files(params: Params, suffix: str) -> list[str]:
    """The explorer's files of a kind, one of each layer."""
    return [f"{EXPLORER}/{'-'.join(names)}{suffix}" for names in traversed_layers(params)]


def compared_classifiers(params: Params, study: str) -> dict[str, list[str]]:
    """Classifiers with two layers or more to compare, and these layers."""
    layers = params[study].get("filter_gan", {}).get("layers", {})
    return {classifier: list(names) for classifier, names in layers.items() if len(names) > 1}


def screened_classifiers(params: Params, study: str) -> list[str]:
    return list(params[study].get("screening", {}).get("classifiers", []))


def compares_classifiers(params: Params, study: str) -> bool:
    """Whether a study screens two classifiers or more."""
    return len(screened_classifiers(params, study)) > 1


def visualized_classifiers(params: Params, study: str) -> list[str]:
    """Classifiers whose units are visualised."""
    return list(params[study].get("features", {}).get("classifiers", {}))


def feature_groups(params: Params, study: str, classifier: str) -> list[str]:
    """The layers whose channels are visualised, with _ for every dot, and `others` if there are sums or neurons."""
    units = params[study]["features"]["classifiers"][classifier]
    return [*(module.replace(".", "_") for module in units["layers"]), *(["others"] if units["objectives"] else [])]


def judges(params: Params, study: str, classifier: str) -> list[str]:
    """The classifiers that are shown what was made for another."""
    return list(params[study]["features"]["classifiers"][classifier]["judges"])


def coders(params: Params, study: str) -> list[str]:
    """A study's autoencoders."""
    return [kind for kind in CODERS if kind in params[study].get("generative", {})]


def generative_networks(params: Params, study: str) -> list[str]:
    """A study's autoencoders and its DCGAN."""
    return [kind for kind in NETWORKS if kind in params[study].get("generative", {})]


def generative_judges(params: Params, study: str) -> list[str]:
    """The classifiers in whose feature space these are compared."""
    return list(params[study]["generative"]["evaluation"]["judges"])


def decoders(params: Params, study: str) -> list[str]:
    """The generative networks that feature visualisation optimises through, the autoencoder first."""
    return ["autoencoder", *params[study]["features"]["decoders"]["networks"]]


def twins(params: Params, study: str) -> list[str]:
    """A study's twins: classifiers that saw every factor vary, or all but one."""
    return twin_names(params[study]["ground_truth"]["twins"]["factors"])


def twin_classifier(params: Params, study: str) -> str:
    """The classifier whose architecture and training twins have."""
    return str(params[study]["ground_truth"]["twins"]["classifier"])


def source_modules(params: Params, study: str) -> list[str]:
    """The modules that make a study's data: one of ours and, if it calls a function of this folder, that one's."""
    from invariscope.data.sources import module_of

    return _with_own(module_of(params[study]["data"]["source"]), own_source(params, study))


def own_source(params: Params, study: str) -> str | None:
    """The module of the user's function that gives a study's images, if one does."""
    return own_name(params[study]["data"]["source"])


def architecture_modules(params: Params, study: str, classifier: str) -> list[str]:
    """The modules that build a classifier: one of ours and, if it calls a function of this folder, that one's."""
    from invariscope.classifiers.architectures import module_of

    architecture = params[study]["classifiers"][classifier]["architecture"]
    return _with_own(module_of(architecture), own_module(params, study, classifier))


def own_module(params: Params, study: str, classifier: str) -> str | None:
    """The module of the user's function that gives a classifier's network, if one does."""
    return own_name(params[study]["classifiers"][classifier]["architecture"])


def own_name(function: str) -> str | None:
    """The module of a function `package.module:function`; None of any other name."""
    module, colon, _ = function.partition(":")
    return module if colon else None


def _with_own(module: str, own: str | None) -> list[str]:
    """A module of ours, and the user's if it is in this folder: what is installed is not tracked."""
    return [module, *([own] if own and is_here(own) else [])]


def missing_modules(params: Params) -> list[str]:
    """The keys of the user's modules that the studies switched on need and that are nowhere."""
    named = {f"{study}.data.source": own_source(params, study) for study in params["studies"]} | {
        f"{study}.classifiers.{classifier}.architecture": own_module(params, study, classifier)
        for study in params["studies"]
        for classifier in params[study]["classifiers"]
    }
    return [f"{key}: {module!r}" for key, module in named.items() if module and is_missing(module)]


def weights_files(params: Params, study: str, classifier: str) -> list[str]:
    """The file that a classifier starts from, if its weights are a file and not a published name."""
    weights = str(params[study]["classifiers"][classifier].get("weights", ""))
    return [weights] if "." in weights else []


def class_files(params: Params, study: str) -> list[str]:
    """The file that says which class each folder of a study's images is, if one does and not a published name."""
    classes = str(params[study]["data"].get("classes", ""))
    return [classes] if classes.endswith((".json", ".txt")) else []


def missing_class_files(params: Params) -> list[str]:
    """The keys of such files that the studies switched on need and that are not there."""
    return [
        f"{study}.data.classes: {path!r}"
        for study in params["studies"]
        for path in class_files(params, study)
        if not Path(path).is_file()
    ]


def missing_weights(params: Params) -> list[str]:
    """The keys of weights files that the studies switched on need and that are not there."""
    return [
        f"{study}.classifiers.{classifier}.weights: {path!r}"
        for study in params["studies"]
        for classifier in params[study]["classifiers"]
        for path in weights_files(params, study, classifier)
        if not Path(path).is_file()
    ]


def layer_files(params: Params, study: str, layer: str) -> tuple[str, ...]:
    """What is made for a layer of a study's filter-GANs."""
    block = params[study]["filter_gan"]
    augmented = layer in block.get("augmentation", {}).get("layers", ())
    presets = PRESET_FILES if block["presets"] else ()
    return FILTER_GAN_FILES + presets + (AUGMENTATION_FILES if augmented else ())


def generative_files(params: Params, study: str) -> list[str]:
    """What is made for a study's generative networks."""
    folder, block = f"results/{study}/generative", params[study].get("generative", {})
    files = [f"{folder}/{kind}/{name}" for kind in coders(params, study) for name in CODER_FILES]
    if DCGAN in block:
        files += [f"{folder}/{DCGAN}/{name}" for name in DCGAN_FILES]
    figures = CODER_FIGURES if block else ()
    return files + [f"{folder}/{name}" for name in (*figures, *(GENERATIVE_FILES if "evaluation" in block else ()))]


def papers_files(params: Params) -> list[str]:
    """The results that the page of the sources reads."""
    return page.read(study_files(params))


def targets(params: Params) -> list[str]:
    """Every file of the studies switched on, and the pages over all of them."""
    files = study_files(params)
    if traversed_layers(params):
        files += [f"{EXPLORER}/index.html", *explorer_files(params, ".js"), *explorer_files(params, ".png")]
    if page.read(files):
        files += [f"{PAPERS}/papers.md", f"{PAPERS}/papers.html"]
    return files


def study_files(params: Params) -> list[str]:
    """Every file that one of the studies switched on makes for itself."""
    files = []
    for study in params["studies"]:
        files += [f"data/{study}.parquet", *(f"results/{study}/data/{name}" for name in DATA_FIGURES)]
        for classifier in params[study]["classifiers"]:
            files += [f"results/{study}/{classifier}/training/{name}" for name in TRAINING_FILES]
        for classifier, layer in filter_gan_layers(params, study):
            made = layer_files(params, study, layer)
            files += [f"results/{study}/{classifier}/filter_gan/{layer}/{name}" for name in made]
        for classifier in compared_classifiers(params, study):
            files += [f"results/{study}/{classifier}/filter_gan/{name}" for name in LAYER_FILES]
        for classifier in screened_classifiers(params, study):
            made = SCREENING_FILES + (SENSITIVITY_FILES if "sensitivity" in params[study]["screening"] else ())
            files += [f"results/{study}/{classifier}/screening/{name}" for name in made]
        for classifier in params[study].get("transformer", {}).get("classifiers", []):
            files += [f"results/{study}/{classifier}/transformer/{name}" for name in TRANSFORMER_FILES]
        files += generative_files(params, study)
        for classifier in params[study].get("unpooling", {}).get("classifiers", []):
            files += [f"results/{study}/{classifier}/unpooling/{name}" for name in UNPOOLING_FILES]
        for classifier in visualized_classifiers(params, study):
            sheets = [f"sheets/{group}.png" for group in feature_groups(params, study, classifier)]
            files += [f"results/{study}/{classifier}/features/{name}" for name in (*FEATURE_FILES, *sheets)]
        if "ground_truth" in params[study]:
            folder = f"results/{study}/ground_truth"
            files += [f"{folder}/twins/{twin}/{name}" for twin in twins(params, study) for name in TWIN_FILES]
            files += [f"{folder}/{name}" for name in GROUND_TRUTH_FILES]
        if compares_classifiers(params, study):
            files += [f"results/{study}/comparison/{name}" for name in COMPARISON_FILES]
    return files
