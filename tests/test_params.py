"""params.yaml: what is refused, in which words, and that DVC's edits leave the file as it is laid out."""

import copy
import dataclasses
import difflib
import time
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from invariscope.errors import UserError
from invariscope.params import build, canonical, load_yaml, lookup, require_names
from invariscope.validation import load_params, validate
from invariscope.validation.studies import IDENTITY

PATH = Path("params.yaml")
REMOVED = object()

UNITS = {"layers": {"conv1": 1}, "classes": [0], "objectives": [], "judges": []}


@pytest.fixture(scope="module")
def schema(root: Path) -> Any:
    return load_yaml(root / "workflow/schemas/params.schema.yaml")


@pytest.fixture(scope="module")
def params(root: Path) -> Any:
    return load_yaml(root / "params.yaml")


def changed(params: Any, key: str, value: Any) -> Any:
    tree = copy.deepcopy(params)
    *path, last = key.split(".")
    node = tree
    for part in path:
        node = node[part]
    if value is REMOVED:
        del node[last]
    else:
        node[last] = value
    return tree


def refusal(tree: Any, schema: Any) -> str:
    with pytest.raises(UserError) as caught:
        validate(tree, schema, PATH)
    return str(caught.value)


CNN5 = "digits.classifiers.cnn5"
GAN = "digits.filter_gan"
REFUSED: list[tuple[str, Any, list[str]]] = [  # key, value, what the line must say, besides the file and the key
    ("seed", -1, ["-1", "an integer >= 0"]),
    ("seed", True, ["true", "an integer"]),
    ("seed", 1.0, ["1.0", "an integer"]),
    ("seed", REMOVED, ["is missing", "an integer"]),
    ("sed", 0, ["did you mean seed?"]),
    ("device", "gpu", ["'gpu'", "one of auto, cpu, mps, cuda, cuda:N"]),
    ("data_root", "", ["''"]),
    ("studies", "digits", ["'digits'", "a list of 1 or more different items"]),
    ("studies", [], ["a list"]),
    ("Digits", {}, ["lower-case"]),
    (f"{GAN}.training.iterations", "abc", ["'abc'", "an integer >= 1 (generator updates)"]),
    (f"{GAN}.training.iterations", 0, ["0 is not", "an integer >= 1"]),
    (f"{GAN}.training.iteration", 5, ["did you mean iterations?"]),
    (f"{GAN}.training.loss", REMOVED, ["is missing", "one of minimax, non_saturating"]),
    (f"{GAN}.layers.cnn5.conv4", 3, ["3 is not allowed", "a mapping"]),
    (f"{GAN}.layers.cnn5.Conv4", {}, ["lower-case"]),
    (f"{GAN}.layers.cnn5.conv4.loss", "hinge", ["'hinge'", "minimax, non_saturating"]),
    (f"{GAN}.layers.cnn5.conv4.module", "conv 4", ["'conv 4'", "module path"]),
    (f"{GAN}.layers.cnn5.conv9", {}, ["'conv9' is no convolution of five_conv", "conv1, conv2, conv3, conv4, conv5"]),
    (f"{GAN}.layers.cnn9", {}, ["is no classifier of this study", "it has cnn5"]),
    (f"{GAN}.training.preset", "ours", ["'ours'", "held_spread, algorithm_1"]),
    (f"{GAN}.training.decay", 1.5, ["1.5 is not", "a number >= 0 and <= 1", "learning rate falls"]),
    (f"{GAN}.training.batch_size", 1, ["two codes", "spread_weight"]),
    (f"{GAN}.layers.cnn5.conv4.latent_dimension", 1, ["two axes"]),
    (f"{GAN}.presets", ["algorithm_1", "algorithm_1"], ["different items"]),
    (f"{GAN}.traversal.grid", 4, ["4 is not allowed", "odd"]),
    (f"{GAN}.traversal.reach", 0, ["0 is not", "standard deviations of z"]),
    (f"{GAN}.comparison.permutations", REMOVED, ["is missing", "an integer >= 1"]),
    (f"{GAN}.augmentation.layers", ["conv3"], ["'conv3' is no layer of this study", "conv2, conv4"]),
    (f"{GAN}.augmentation.own", [11], ["11 is not one of per_class"]),
    (f"{CNN5}.architecture", "mine.py:net.build", ["five_conv", "package.module:function"]),
    (f"{CNN5}.architecture", 5, ["a name of torchvision.models"]),
    (f"{CNN5}.widths", [1, 2], ["a list of 5 items"]),
    (f"{CNN5}.stem", "small", ["is no known key", "widths, pool_after, batch_norm"]),
    (f"{CNN5}.training", REMOVED, ["is missing", "weights"]),
    (f"{CNN5}.weights", 3, ["3 is not allowed", ".safetensors"]),
    (f"{CNN5}.normalisation", {"mean": [0.5]}, ["std: is missing"]),
    (f"{CNN5}.training.learning_rate", float("nan"), ["nan", "a number > 0"]),
    (f"{CNN5}.training.learning_rate", "1e-3x", ["'1e-3x'", "a number > 0"]),
    (f"{CNN5}.pool_after", [2, 1], ["must increase"]),
    (f"{CNN5}.pool_after", [1, 2, 3, 4, 5], ["leaves nothing of 28 px", "at most 4"]),
    ("digits.classifiers.data", {}, ["reserved"]),
    ("digits.classifiers", {}, ["not empty"]),
    ("digits.data.source", "imagenet", ["'imagenet'", "procedural_digits"]),
    ("digits.data.test_share", 0.5, ["is no known key", "train, test, size"]),
    ("mnist.data.size", 28, ["is no known key", "source"]),
    ("imagenet.data.folder", REMOVED, ["is missing", "folder of images per class"]),
    ("imagenet.data.transforms", "alexnet", ["'alexnet'", "torchvision's weights, such as alexnet.IMAGENET1K_V1"]),
    ("imagenet.data.size", 224, ["is not allowed beside transforms"]),
    ("imagenet.data.interpolation", "lanczos", ["'lanczos'", "nearest, bilinear, bicubic"]),
    ("imagenet.data.classes", "classes.csv", ["'classes.csv'", "a .json or .txt file, or torchvision's weights"]),
    ("digits.data.classes", "classes.txt", ["is no known key", "train, test, size"]),
    ("magnitudes.zoom", REMOVED, ["is missing", "a number >= 0.05"]),
    ("digits.screening.magnitudes.rotate", [], ["did you mean rotation?"]),
    ("digits.screening.thresholds.criteria", ["f1"], ["'f1'", "accuracy, argmax"]),
    ("digits.screening.classifiers", ["cnn5", "cnn5"], ["different"]),
    ("digits.screening.groups", ["2"], ["a mapping", "groups of classes"]),
    ("digits.screening.groups.even", [], ["a list of 1 or more", "pattern of class names"]),
    ("digits.screening.groups.all", ["*"], ["reserved for all classes"]),
    ("digits.screening.sensitivity.families", ["brightness"], ["'brightness'", "translation_x, translation_y"]),
    ("digits.screening.sensitivity.fills", ["black"], ["'black'", "zeros, border, reflection"]),
    ("digits.transformer.classifiers", ["cnn6"], ["'cnn6' is no classifier", "cnn5"]),
    ("digits.transformer.training.spatial", "projective", ["'projective'", "affine, quadratic"]),
    ("digits.transformer.evaluation.grid", 4, ["4 is not allowed", "odd"]),
    ("digits.transformer.evaluation.strengths", [2.0], ["one must be 1 or less"]),
    ("digits.generative.autoencoder.output", "tanh", ["'tanh'", "sigmoid, rectified"]),
    ("digits.generative.evaluation.judges", ["cnn6"], ["'cnn6' is no classifier", "cnn5"]),
    ("digits.generative.dense.units", 7, ["7 must be that of sparse", "control"]),
    ("digits.generative.dense.sparsity_weight", 1.0, ["1.0 is not allowed", "the control has none"]),
    ("digits.generative.dcgan.phases.both", 0, ["0 is not allowed", "batches that both learn"]),
    ("digits.generative.dcgan.averaging", 1, ["1 is not", "stays at each batch"]),
    ("digits.unpooling.classifiers", ["cnn6"], ["'cnn6' is no classifier", "cnn5"]),
    (
        "shapes.unpooling.classifiers",
        ["resnet18"],
        ["'resnet18' is a resnet18, which has no mirror", "five_conv_dense"],
    ),
    ("digits.unpooling.training.object_share", 1, ["1 is not", "on an object"]),
    ("digits.features.classifiers.cnn6", UNITS, ["is no classifier of this study", "cnn5"]),
    ("digits.features.classifiers.cnn5.layers.conv6", 4, ["is no convolution of five_conv"]),
    ("digits.features.classifiers.cnn5.judges", ["cnn5"], ["'cnn5' is no other classifier", "none"]),
    ("digits.features.gallery.robustness.paper.rotation", [90, 0], ["[90, 0]", "[low, high]"]),
    (
        "digits.features.gallery.methods.pixels.regularizations",
        ["strong"],
        ["'strong' is not one of none, paper, lucid"],
    ),
    ("digits.features.gallery.methods.cppn.transfer", ["none"], ["'none' is not one of lucid"]),
    ("digits.features.gallery.variety.regularization", "strong", ["'strong' is not one of none, paper, lucid"]),
    ("digits.features.gallery.methods.wavelets", {}, ["no known key"]),
    ("digits.features.ascent.candidates", 2, ["2 is not allowed", "0, or at least starts"]),
    ("digits.features.decoders.networks", ["autoencoder"], ["'autoencoder'", "variational, sparse, dense, dcgan"]),
    ("prototypes.features.decoders.networks", ["dcgan"], ["'dcgan' is no generative network of this study"]),
    ("digits.features.decoders.candidates", 2, ["2 is not allowed", "at least starts, 3"]),
    ("digits.features.ascent.rounds", 0, ["0 is not allowed", ">= 1"]),
    ("digits.classifiers.comparison", {}, ["reserved for the comparison"]),
]


@pytest.mark.parametrize(("key", "value", "words"), REFUSED)
def test_refusal_is_one_line_with_file_key_value_and_what_is_allowed(
    params: Any, schema: Any, key: str, value: Any, words: list[str]
) -> None:
    line = refusal(changed(params, key, value), schema)
    assert line.startswith(f"params.yaml: {key}"), line
    assert "\n" not in line
    for word in words:
        assert word in line


ELSEWHERE: list[tuple[Any, str, list[str]]] = [  # block, the key of it that the line names, what it must say
    ({"architecture": "five_con", "widths": [1]}, "widths", ["is no known key", "ours are five_conv, five_conv_dense"]),
    ({"architecture": "densenet121"}, "training", ["is missing", "weights"]),
    ({"architecture": "densenet121", "weights": "W", "argument": {}}, "argument", ["did you mean arguments?"]),
    ({"architecture": "densenet121", "weights": "W", "arguments": [1]}, "arguments", ["a mapping", "by name"]),
    ({"architecture": "nets.mine:build"}, "normalisation", ["is missing", "weights in the network"]),
]


@pytest.mark.parametrize(("block", "key", "words"), ELSEWHERE)
def test_networks_from_elsewhere(params: Any, schema: Any, block: Any, key: str, words: list[str]) -> None:
    line = refusal(changed(params, CNN5, block), schema)
    assert line.startswith(f"params.yaml: {CNN5}.{key}: "), line
    for word in words:
        assert word in line


def test_only_data_of_known_places_can_be_located(params: Any, schema: Any) -> None:
    tree = changed(params, "mnist.unpooling", params["digits"]["unpooling"])
    assert "needs data of which it is known what is where" in refusal(tree, schema)


def test_generative_networks_are_judged_together_or_not_at_all(params: Any, schema: Any) -> None:
    line = refusal(changed(params, "digits.generative.evaluation", REMOVED), schema)
    assert line.startswith("params.yaml: digits.generative.evaluation: is missing; variational, sparse, dense, dcgan")
    assert set(params["prototypes"]["generative"]) == {"autoencoder"}  # which is allowed


def test_a_function_of_the_users_needs_neither_training_nor_weights(params: Any, schema: Any) -> None:
    block = {"architecture": "nets.mine:build", "normalisation": {"mean": [0], "std": [1]}, "arguments": {"depth": 3}}
    tree = changed(params, CNN5, block)
    tree["digits"]["filter_gan"]["layers"] = {"cnn5": {"early": {"module": "body.0.conv"}}}
    del tree["digits"]["filter_gan"]["augmentation"]
    validate(tree, schema, PATH)


def test_images_of_a_folder_need_a_size_or_transforms_that_say_it(params: Any, schema: Any) -> None:
    without = changed(params, "imagenet.data.transforms", REMOVED)
    assert refusal(without, schema).startswith(
        "params.yaml: imagenet.data.size: is missing; give it in px, or transforms"
    )
    validate(
        changed(changed(without, "imagenet.data.size", 64), "imagenet.data.interpolation", "bicubic"), schema, PATH
    )
    validate(changed(params, "imagenet.data.classes", "alexnet.IMAGENET1K_V1"), schema, PATH)


def test_params_yaml_of_the_project_is_valid(root: Path) -> None:
    tree = load_params(root / "params.yaml", root / "workflow/schemas/params.schema.yaml")
    assert tree["studies"] == ["digits", "shapes", "ground_truth"]
    assert tree["digits"]["classifiers"]["cnn5"]["training"]["weight_decay"] == 1e-4  # YAML 1.2: a number


def test_the_study_in_comments_is_valid_once_uncommented(root: Path, params: Any, schema: Any) -> None:
    lines = (root / "params.yaml").read_text(encoding="utf-8").splitlines()
    first = lines.index("# own:")
    last = lines.index("", first)
    own = YAML(typ="safe", pure=True).load("\n".join(line.removeprefix("# ") for line in lines[first:last]))
    assert list(own) == ["own"]
    validate({**params, **own, "studies": ["own"]}, schema, PATH)


@pytest.mark.parametrize("family", IDENTITY)
def test_every_grid_needs_the_magnitude_that_changes_nothing(params: Any, schema: Any, family: str) -> None:
    grid = [value for value in params["magnitudes"][family] if value != IDENTITY[family]]
    assert "must contain" in refusal(changed(params, f"magnitudes.{family}", grid), schema)
    own = refusal(changed(params, f"digits.screening.magnitudes.{family}", grid), schema)
    assert own.startswith(f"params.yaml: digits.screening.magnitudes.{family}:")
    whole = changed(params, "digits.screening.sensitivity", REMOVED)  # which must not be of a family that is dropped
    validate(changed(whole, f"digits.screening.magnitudes.{family}", []), schema, PATH)


def test_one_family_must_be_left(params: Any, schema: Any) -> None:
    none: dict[str, list[float]] = {family: [] for family in params["magnitudes"]}
    assert "drops every family" in refusal(changed(params, "digits.screening.magnitudes", none), schema)


def test_grids_increase_strictly(params: Any, schema: Any) -> None:
    for grid in ([0, 0, 1], [1, 0]):
        assert "must increase" in refusal(changed(params, "magnitudes.rotation", grid), schema)


def test_lists_name_what_is_not_defined(params: Any, schema: Any) -> None:
    line = refusal(changed(params, "studies", ["digits", "digit"]), schema)
    assert line.startswith("params.yaml: studies[1]: 'digit' is no study")
    assert "mnist" in line
    line = refusal(changed(params, "digits.screening.magnitudes.zoom", []), schema)
    assert line.startswith("params.yaml: digits.screening.sensitivity.families[2]: 'zoom' has no magnitudes")
    line = refusal(changed(params, "digits.screening.classifiers", ["cnn6"]), schema)
    assert line.startswith("params.yaml: digits.screening.classifiers[0]: 'cnn6' is no classifier")


def test_layers_may_override_any_key_of_training(params: Any, schema: Any) -> None:
    everything = {**params["digits"]["filter_gan"]["training"], "module": "conv4"}
    validate(changed(params, f"{GAN}.layers.cnn5.late", everything), schema, PATH)


def test_what_an_anchor_repeats_is_refused(params: Any, schema: Any) -> None:
    tree = copy.deepcopy(params)
    tree["shapes"]["screening"]["thresholds"] = tree["digits"]["screening"]["thresholds"]
    assert "repeats digits.screening.thresholds by an anchor" in refusal(tree, schema)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", ["is empty"]),
        ("- 1\n", ["must be a mapping"]),
        ("a: 1\na: 2\n", ["line 2", "duplicate key"]),
        ("a: [1\n", ["line", "not valid YAML"]),
        ("a: 1\n---\nb: 1\n", ["line 2", "another document"]),
        ("a: !!python/object/apply:os.system [ls]\n", ["line 1", "not valid YAML"]),
        ("1: {}\n", ["has the key 1"]),
        (b"a: \xff\n", ["cannot be read"]),
    ],
)
def test_files_that_are_no_parameters(project: Path, text: str | bytes, words: list[str]) -> None:
    PATH.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(UserError) as caught:
        load_params()
    line = str(caught.value)
    assert line.startswith("params.yaml: ")
    assert "\n" not in line
    for word in words:
        assert word in line


def test_a_missing_file_says_where_to_run(project: Path) -> None:
    PATH.unlink()
    with pytest.raises(UserError, match="no such file; run from the project's folder"):
        load_params()


def test_loading_is_fast(root: Path) -> None:
    """Every step and every `snakemake` pays for it."""
    start = time.process_time()
    load_params(root / "params.yaml", root / "workflow/schemas/params.schema.yaml")
    assert time.process_time() - start < 2


def test_lookup_names_what_is_defined(params: Any) -> None:
    assert lookup(params, "digits.data.size") == 28
    with pytest.raises(UserError, match=r"digits\.filter_gan\.layers\.cnn5\.conv9: is not defined; .* conv2, conv4"):
        lookup(params, "digits.filter_gan.layers.cnn5.conv9")


def test_names_are_required(params: Any) -> None:
    require_names(params, "digits", "cnn5")
    with pytest.raises(UserError, match="no study 'digit'; it defines digits, ground_truth, shapes"):
        require_names(params, "digit", None)
    with pytest.raises(UserError, match="no classifier 'cnn6'; it defines cnn5"):
        require_names(params, "digits", "cnn6")


@dataclasses.dataclass(frozen=True)
class Inner:
    rate: float


@dataclasses.dataclass(frozen=True)
class Outer:
    inner: Inner
    widths: tuple[int, ...]
    name: str = "a"


def test_build() -> None:
    built = build(Outer, {"inner": {"rate": 1}, "widths": [1, 2]})
    assert built == Outer(Inner(1.0), (1, 2))
    assert isinstance(built.inner.rate, float)
    with pytest.raises(UserError, match="with: is no parameter of Outer"):
        build(Outer, {"inner": {"rate": 1}, "widths": [], "with": 1})
    with pytest.raises(UserError, match="missing"):
        build(Outer, {"widths": []})


def test_canonical_does_not_depend_on_the_order() -> None:
    assert canonical({"b": [1, 2.0], "a": "ä"}) == canonical({"a": "ä", "b": [1, 2.0]}) == '{"a":"ä","b":[1,2.0]}'


def test_dvc_edits_change_one_line(project: Path) -> None:
    """`dvc exp run -S` writes the file anew: it must come out as it was laid out, with every comment."""
    hydra = pytest.importorskip("dvc.utils.hydra")
    before = PATH.read_text(encoding="utf-8").splitlines()
    hydra.apply_overrides("params.yaml", ["seed=1", "digits.filter_gan.training.learning_rate=1e-3"])
    after = PATH.read_text(encoding="utf-8").splitlines()
    difference = [line for line in difflib.ndiff(before, after) if line[0] in "+-"]
    assert difference == ["- seed: 0", "+ seed: 1", "-       learning_rate: 2e-4", "+       learning_rate: 0.001"]
    hydra.apply_overrides("params.yaml", ["studies=[digits]"])
    fewer = PATH.read_text(encoding="utf-8").splitlines()
    assert [line for line in difflib.ndiff(after, fewer) if line[0] in "+-"] == ["- - shapes", "- - ground_truth"]


def test_dvc_reads_the_same_values(project: Path) -> None:
    serialize = pytest.importorskip("dvc.utils.serialize")
    assert serialize.load_yaml("params.yaml") == load_yaml(PATH)


def test_what_was_found_good_is_not_read_again(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Until a byte of the file, or of what says what is valid, changes."""
    from invariscope import validation

    read = []
    monkeypatch.setattr(validation, "load_yaml", lambda path: read.append(path) or load_yaml(path))
    first = load_params()
    assert len(read) == 2  # the file and the schema
    validation.keep_params(first)
    assert load_params() == first and len(read) == 2
    PATH.write_text(PATH.read_text(encoding="utf-8").replace("seed: 0", "seed: 7", 1), encoding="utf-8")
    assert load_params()["seed"] == 7 and len(read) == 4
    PATH.write_text(PATH.read_text(encoding="utf-8").replace("seed: 7", "seed: no", 1), encoding="utf-8")
    with pytest.raises(UserError, match="seed"):
        load_params()
    PATH.write_text(PATH.read_text(encoding="utf-8").replace("seed: no", "seed: 0", 1), encoding="utf-8")
    validation.KEPT.write_text("{", encoding="utf-8")  # damaged: as if it were not there
    assert load_params() == first


def test_a_folder_that_cannot_be_written_costs_time_alone(project: Path) -> None:
    from invariscope import validation

    validation.KEPT.parent.write_text("in the way", encoding="utf-8")
    validation.keep_params(load_params())
    assert load_params()["seed"] == 0
