"""What the workflow declares about the code is what really runs: source files, imports, configurations."""

import ast
import dataclasses
import json
import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from invariscope.classifiers.architectures import ARCHITECTURES, OWN, TORCHVISION
from invariscope.data import sources as data_sources
from invariscope.data.sources import SOURCES
from invariscope.params import load_yaml
from invariscope.provenance import sources

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "invariscope"
RULES = "\n".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / "workflow" / "rules").glob("*.smk")))
NETWORKS = {*ARCHITECTURES.values(), TORCHVISION, OWN}
IMAGES = {*SOURCES.values(), data_sources.OWN}
PLUGINS = {
    "code_with_source": IMAGES,
    "code_with_architecture": NETWORKS,
    "code_with_source_and_architecture": {*NETWORKS, *IMAGES},
    "code_of_twins": {*NETWORKS, *IMAGES},
    "code_with_judges": NETWORKS,
    "code_with_generative_judges": NETWORKS,
    "code_of": set(),
}
HEAVY = ("torch", "torchvision", "matplotlib.pyplot")

# Forks a fresh interpreter for every set of modules, after the heavy libraries are there if `heavy` is not empty.
LOADED = """
import importlib, json, os, sys
heavy, sets = json.loads(sys.argv[1])
for name in heavy:
    importlib.import_module(name)
answers = []
for names in sets:
    reader, writer = os.pipe()
    if os.fork() == 0:
        with os.fdopen(writer, "w") as pipe:
            try:
                for name in names:
                    importlib.import_module(name)
                pipe.write(json.dumps([name for name in sys.modules if sys.modules[name] is not None]))
            except BaseException as error:
                pipe.write(json.dumps(f"{type(error).__name__}: {error}"))
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as pipe:
        answers.append(json.load(pipe))
    os.wait()
print(json.dumps(answers))
"""


def steps_of_rules() -> dict[str, str]:
    """Step -> the function of common.smk that declares its code."""
    return {step: function for function, step in re.findall(r'code=(code_\w+)\("(\w+)"\)', RULES)}


def variants() -> list[tuple[str, tuple[str, ...]]]:
    """(step, its plugin module or none), for every step that the workflow runs."""
    found = []
    for step, function in sorted(steps_of_rules().items()):
        for module in sorted(PLUGINS[function]) or [None]:
            found.append((step, (module,) if module else ()))
    return found


def loaded(heavy: tuple[str, ...], sets: list[tuple[str, ...]]) -> list[set[str]]:
    """The modules that are loaded once each set of modules is imported."""
    command = [sys.executable, "-c", LOADED, json.dumps([heavy, sets])]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    answers = json.loads(done.stdout)
    for names, answer in zip(sets, answers, strict=True):
        assert isinstance(answer, list), f"{names}: {answer}"
    return [set(answer) for answer in answers]


def source_files(modules: set[str]) -> set[str]:
    found = set()
    for name in modules:
        if name == "invariscope" or name.startswith("invariscope."):
            path = PACKAGE.parent.joinpath(*name.split("."))
            file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
            found.add(file.relative_to(ROOT).as_posix())
    return found


def does_something(file: str) -> bool:
    """Unlike an `__init__.py` with a docstring alone."""
    return len(ast.parse((ROOT / file).read_text(encoding="utf-8")).body) > 1


@pytest.fixture(autouse=True)
def in_the_checkout(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


def test_every_step_of_the_workflow_declares_its_own_code() -> None:
    run = re.findall(r"python -m invariscope (\w+)", RULES)
    assert run
    assert sorted(run) == sorted(steps_of_rules())
    for step in run:
        assert (PACKAGE / "steps" / f"{step}.py").exists(), f"the workflow runs {step}, which does not exist"


def test_declared_code_holds_everything_that_is_loaded() -> None:
    sets = [(f"invariscope.steps.{step}", *plugin) for step, plugin in variants()]
    for (step, plugin), modules in zip(variants(), loaded(HEAVY, sets), strict=True):
        declared = set(sources.code_of(step, *plugin))
        assert declared, step
        assert all((ROOT / file).exists() for file in declared)
        # The table of public names is asked for `x` at every `from invariscope import x`, and does not have it.
        loaded_files = source_files(modules) - {"src/invariscope/public.py"}
        missing = {file for file in loaded_files - declared if does_something(file)}
        assert missing == set(), f"{step} {plugin}: loaded, not declared"


def test_no_step_declares_the_edge_or_the_engines() -> None:
    """An edit of these must not make any result out of date."""
    edge = ("__main__.py", "/validation/", "plan.py", "/provenance/", "/steps/dvc_yaml.py")
    for step, plugin in variants():
        for file in sources.code_of(step, *plugin):
            assert not any(part in file for part in edge), f"{step}: {file}"


def test_a_source_or_architecture_concerns_its_own_studies_only() -> None:
    for step, plugin in variants():
        others = {*IMAGES, *NETWORKS} - set(plugin)
        declared = set(sources.code_of(step, *plugin))
        strangers = declared & {f"src/{module.replace('.', '/')}.py" for module in others}
        needed = set(sources.closure(*plugin)) if plugin else set()  # one may build on another
        assert strangers <= needed, f"{step} {plugin}"


def test_figures_load_neither_torch_nor_analyses() -> None:
    steps = [step for step in steps_of_rules() if step.startswith("plot_")]
    modules = list((PACKAGE / "figures").glob("[a-z]*.py"))
    assert steps
    names = [(f"invariscope.steps.{step}",) for step in steps] + [(f"invariscope.figures.{m.stem}",) for m in modules]
    allowed = {"data", "errors", "figures", "files", "intervals", "params", "processes", "steps"}
    for (name,), found in zip(names, loaded(("matplotlib.pyplot", "pyarrow.parquet"), names), strict=True):
        assert not {"torch", "torchvision", "snakemake", "dvc", "jsonschema"} & found, name
        areas = {module.split(".")[1] for module in found if module.startswith("invariscope.")}
        assert areas <= allowed, f"{name} loads {areas - allowed}"


def test_only_the_ledger_knows_the_engines() -> None:
    for path in PACKAGE.rglob("*.py"):
        imported = re.findall(r"^\s*(?:from|import) (snakemake|dvc)\b", path.read_text(encoding="utf-8"), re.MULTILINE)
        assert not imported or "provenance" in path.parts or path.name == "dvc_yaml.py", path


def test_every_figure_has_its_caption() -> None:
    """Valid reStructuredText, a few lines, for each caption that a rule names; no other but the first page's."""
    core = pytest.importorskip("docutils.core")
    named = set(re.findall(r'caption="\.\./report/(\w+)\.rst"', RULES))
    captions = {path.stem: path for path in (ROOT / "workflow" / "report").glob("*.rst")}
    assert named == captions.keys() - {"workflow"}
    del captions["workflow"]  # a template: the report's own test reads it
    for path in captions.values():
        text = path.read_text(encoding="utf-8")
        assert 3 <= len(text.splitlines()) <= 10, path
        core.publish_string(text, settings_overrides={"halt_level": 2, "report_level": 2})


# --- configurations ---------------------------------------------------------------------------------------------------

# Dataclass -> its block in the schema, and keys of the block that are read elsewhere.
CONFIGURATIONS = {
    "invariscope.classifiers.training:Training": ("training", ()),
    "invariscope.filter_gan.config:FilterGanConfig": ("filter_gan/properties/training", ()),
    "invariscope.filter_gan.config:Averaging": ("filter_gan/properties/averaging", ()),
    "invariscope.filter_gan.config:Retraining": ("filter_gan/properties/averaging/properties/retraining", ()),
    "invariscope.filter_gan.config:Scaling": ("filter_gan/properties/mds", ()),
    "invariscope.filter_gan.config:Traversal": ("filter_gan/properties/traversal", ()),
    "invariscope.filter_gan.config:Augmentation": ("filter_gan/properties/augmentation", ()),
    "invariscope.filter_gan.config:Comparison": ("filter_gan/properties/comparison", ()),
    "invariscope.screening.config:Thresholds": ("screening/properties/thresholds", ()),
    "invariscope.transformer.config:TransformerTraining": ("transformer/properties/training", ()),
    "invariscope.transformer.config:TransformerEvaluation": ("transformer/properties/evaluation", ()),
    "invariscope.generative.config:AutoencoderTraining": ("coder", ()),
    "invariscope.generative.config:VariationalTraining": ("variational_coder", ()),
    "invariscope.generative.config:SparseTraining": ("two_layer", ()),
    "invariscope.generative.config:DcganTraining": ("generative/properties/dcgan", ()),
    "invariscope.generative.config:Phases": ("generative/properties/dcgan/properties/phases", ()),
    "invariscope.generative.config:GenerativeEvaluation": ("generative/properties/evaluation", ()),
    "invariscope.unpooling.config:UnpoolingTraining": ("unpooling/properties/training", ()),
    "invariscope.ground_truth.config:Twins": ("ground_truth/properties/twins", ()),
    "invariscope.ground_truth.config:HeldFactor": (
        "ground_truth/properties/twins/properties/factors/additionalProperties",
        (),
    ),
    "invariscope.ground_truth.config:Probe": ("ground_truth/properties/probe", ()),
    "invariscope.ground_truth.config:Extraction": ("ground_truth/properties/extraction", ()),
    "invariscope.features.config:Units": ("features/properties/classifiers/additionalProperties", ()),
    "invariscope.features.config:Gallery": ("features/properties/gallery", ()),
    "invariscope.features.config:Method": ("feature_method", ()),
    "invariscope.features.config:Variety": ("features/properties/gallery/properties/variety", ()),
    "invariscope.features.robustness:Robustness": (
        "features/properties/gallery/properties/robustness/additionalProperties",
        (),
    ),
    "invariscope.features.search:LatentSearch": ("features/properties/search", ()),
    "invariscope.features.ascent:LatentAscent": ("features/properties/ascent", ()),
    "invariscope.features.decoded:Decoders": ("features/properties/decoders", ()),
    "invariscope.features.diagnosis:Diagnosis": ("features/properties/diagnosis", ()),
    "invariscope.screening.config:Sensitivity": ("screening/properties/sensitivity", ()),
}
BLOCK = ("weights", "normalisation", "training")
BY_SWITCH = {  # likewise, for the blocks that hang on `architecture` and `source`
    "invariscope.classifiers.five_conv:FiveConv": ("classifier", "five_conv", BLOCK),
    "invariscope.classifiers.five_conv_dense:FiveConvDense": ("classifier", "five_conv_dense", BLOCK),
    "invariscope.classifiers.alexnet:AlexNet": ("classifier", "alexnet", BLOCK),
    "invariscope.classifiers.resnet:Residual": ("classifier", "resnet18", BLOCK),
    "invariscope.classifiers.torchvision_models:TorchvisionModel": ("classifier", None, BLOCK),
    "invariscope.classifiers.own_network:OwnNetwork": ("classifier", None, BLOCK),
    "invariscope.data.procedural_digits:Config": ("data", "procedural_digits", ()),
    "invariscope.data.procedural_shapes:Config": ("data", "procedural_shapes", ()),
    "invariscope.data.digits_8x8:Config": ("data", "digits_8x8", ()),
    "invariscope.data.torchvision_sets:Config": ("data", "mnist", ()),
    "invariscope.data.image_folder:Config": ("data", "image_folder", ()),
    "invariscope.data.own_images:OwnImages": ("data", None, ()),
}


@pytest.fixture(scope="module")
def definitions() -> Any:
    return load_yaml(ROOT / "workflow/schemas/params.schema.yaml")["$defs"]


def fields(name: str) -> set[str]:
    module, _, kind = name.partition(":")
    return {field.name for field in dataclasses.fields(getattr(import_module(module), kind))}


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_configurations_have_the_fields_of_the_schema(name: str, definitions: Any) -> None:
    place, elsewhere = CONFIGURATIONS[name]
    block = definitions
    for part in place.split("/"):
        block = block[part]
    assert fields(name) == set(block["properties"]) - set(elsewhere)


@pytest.mark.parametrize("name", BY_SWITCH)
def test_configurations_that_hang_on_a_switch(name: str, definitions: Any) -> None:
    place, value, elsewhere = BY_SWITCH[name]
    blocks = [block for values, block in switched(definitions[place]) if value in values]
    assert len(blocks) == 1
    assert fields(name) == set(blocks[0]) - set(elsewhere)


def switched(definition: Any) -> list[tuple[list[str | None], Any]]:
    """(values of the switch, properties) of every branch; None: any other value."""
    found = []
    for branch in definition["allOf"]:
        (rule,) = branch["if"]["properties"].values()
        found.append((rule.get("enum", [rule.get("const")]), branch["then"]["properties"]))
    return found


def test_no_configuration_is_forgotten() -> None:
    """Every dataclass that params.build makes is held against the schema above."""
    built = {name for path in PACKAGE.rglob("*.py") for name in built_in(path)}
    assert built
    assert built - {*CONFIGURATIONS, *BY_SWITCH} == set()


def built_in(path: Path) -> set[str]:
    """`module:class` of every dataclass that a file gives to params.build."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    own = ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts)
    origin = {}  # local name -> (module, name there)
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            origin |= {alias.asname or alias.name: (node.module, alias.name) for alias in node.names}
    found = set()
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name)):
            continue
        if origin.get(node.func.id) == ("invariscope.params", "build"):
            kind = ast.unparse(node.args[0]).split(".")
            module = origin[kind[0]][0] if kind[0] in origin else own
            found.add(f"{'.'.join([str(module), *kind[:-1]])}:{kind[-1]}")
    return found


def test_every_name_of_the_schema_has_its_module(definitions: Any) -> None:
    source = definitions["data"]["properties"]["source"]
    assert source["pattern"].startswith(f"^({'|'.join(SOURCES)}|") and source["description"].startswith(
        ", ".join(SOURCES)
    )
    branches = [value for values, _ in switched(definitions["classifier"]) for value in values if value is not None]
    assert sorted(branches) == sorted(ARCHITECTURES)
    (others,) = [branch for branch in definitions["classifier"]["allOf"] if "not" in str(branch["if"])]
    assert others["if"]["properties"]["architecture"]["not"]["enum"] == list(ARCHITECTURES)
    assert others["then"]["title"].endswith(", ".join(ARCHITECTURES))
    for module in {*IMAGES, *NETWORKS}:
        assert PACKAGE.parent.joinpath(*module.split(".")).with_suffix(".py").exists(), f"{module} does not exist"


def test_every_parameter_of_a_step_is_in_the_schema(definitions: Any) -> None:
    """The dotted keys that steps declare lead somewhere."""
    study = definitions["study"]["properties"]
    top = {"seed", "device", "data_root", "studies", "magnitudes"}
    for step in steps_of_rules():
        for key in sources.declared_params(step).values():
            parts = key.split(".")
            assert parts[0] in top or (parts[0] == "{study}" and parts[1] in study), f"{step}: {key}"
