"""params.yaml at toy sizes, made from the real one: the same studies, rules and keys, with less of everything."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from invariscope.files import replacing
from invariscope.params import PARAMS, load_yaml

ROOT = Path(__file__).parents[1]
# The most that is left of a number, by its name in params.yaml.
SMALL = {
    "train": 300,
    "test": 100,
    "epochs": 1,
    "batch_size": 50,
    "dense_width": 16,
    "latent_dimension": 4,
    "iterations": 6,
    "generator_width": 16,
    "discriminator_width": 4,
    "log_every": 3,
    "log_banks": 2,
    "log_images": 50,
    "banks": 2,
    "seeds": 2,
    "samples": 3,
    "filters": 4,
    "resamples": 20,
    "grid": 3,
    "copies": 1,
    "own_iterations": 2,
    "steps": 3,
    "permutations": 50,
    "candidates": 6,
    "starts": 3,
    "codes": 5,
    "examples": 2,
    "leaky_steps": 1,
    "points": 3,
    "units": 6,
    "discriminator": 1,
    "generator": 1,
    "both": 3,
    "draws": 2,
    "values": 3,
    "lie_images": 10,
}
# The most of `images`, by the block around it.
IMAGES = {
    "data": 1200,
    "averaging": 100,
    "screening": 60,
    "sensitivity": 20,
    "evaluation": 60,
    "traversal": 3,
    "autoencoder": 300,
    "variational": 300,
    "sparse": 300,
    "dense": 300,
    "training": 300,  # of transformers and mirrors
    "gallery": 60,
    "probe": 40,
    "transformer": 300,
}
CHANNELS = 8
IDENTITIES = (0, 1)  # of additive and of multiplicative families


def toy(params: Mapping[str, Any], studies: Iterable[str] | None = None) -> dict[str, Any]:
    """Parameters with small numbers; with `studies` switched on, if given."""
    small = _smaller(params, "")
    small["magnitudes"] = {name: _ends(values) for name, values in params["magnitudes"].items()}
    return small | ({"studies": list(studies)} if studies is not None else {})


def _smaller(value: Any, name: str, around: str = "") -> Any:
    if name == "factors" and around == "twins":
        value = dict(list(value.items())[:2])
    if isinstance(value, Mapping):
        return {key: _smaller(item, key, name) for key, item in value.items()}
    if name in ("per_class", "own"):
        return [min(count, 3) for count in value[:1]]
    if name == "layers" and isinstance(value, list):
        return value[:1]
    if name == "copies" and around == "variety":
        return 2
    if name.endswith("widths"):
        return [min(width, CHANNELS) for width in value]
    limit = IMAGES.get(around) if name == "images" else SMALL.get(name)
    return min(value, limit) if limit is not None and isinstance(value, int) else value


def _ends(values: list[float]) -> list[float]:
    """The ends of a grid, and its identity, which every family must contain."""
    identities = [value for value in values if value in IDENTITIES]
    return sorted({values[0], *identities, values[-1]})


def small_study() -> dict[str, Any]:
    """Parameters of a study of four jobs."""
    params = toy(load_yaml(ROOT / PARAMS), ["handwriting"])
    kept = {key: params[key] for key in ("studies", "seed", "device", "data_root", "magnitudes")}
    return kept | {"handwriting": {key: params["handwriting"][key] for key in ("data", "classifiers")}}


def digits_study() -> dict[str, Any]:
    """Parameters of the study `digits` with two layers, and of the small study, which is off. Without side analyses:
    they hang in the DAG as others do, and `make smoke` runs them."""
    params = toy(load_yaml(ROOT / PARAMS), ["digits"])
    digits = params["digits"]
    digits["filter_gan"]["presets"] = []
    del digits["filter_gan"]["augmentation"], digits["screening"]["sensitivity"]
    for analysis in ("transformer", "generative", "unpooling", "features"):
        del digits[analysis]
    return small_study() | {"studies": ["digits"], "digits": digits}


def write_toy(folder: Path, studies: Iterable[str] | None = None) -> dict[str, Any]:
    """Replace a folder's params.yaml by its toy."""
    params = toy(load_yaml(folder / PARAMS), studies)
    write_params(folder, params)
    return params


def write_params(folder: Path, params: Mapping[str, Any]) -> None:
    from ruamel.yaml import YAML

    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style = False
    yaml.sort_base_mapping_type_on_output = False
    with replacing(folder / PARAMS) as temporary, temporary.open("w", encoding="utf-8") as file:
        yaml.dump(dict(params), file)
