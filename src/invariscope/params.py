"""params.yaml: one loader for Snakemake, DVC's stages and notebooks; `validation.load_params` also checks it."""

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from invariscope.errors import UserError

PARAMS = Path("params.yaml")
Config = TypeVar("Config")


def load_yaml(path: Path) -> Any:
    """Read YAML 1.2 as DVC does, so that 1e-4 is a number. Raises UserError with the line of a mistake."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        return YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(f"{path}: no such file; run from the project's folder") from None
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: cannot be read: {error}") from None
    except YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
        problem = getattr(error, "problem", None) or str(error).splitlines()[0]
        raise UserError(f"{path}: {place}not valid YAML: {problem}") from None


def lookup(params: Mapping[str, Any], key: str) -> Any:
    """The value at a dotted key. Raises UserError if it is not there, naming what is."""
    value: Any = params
    path: list[str] = []
    for part in key.split("."):
        if not isinstance(value, Mapping) or part not in value:
            there = f"{'.'.join(path) or 'the file'} has {', '.join(value) or 'nothing'}"
            raise UserError(f"{PARAMS}: {'.'.join([*path, part])}: is not defined; {there}")
        path.append(part)
        value = value[part]
    return value


def require_names(params: Mapping[str, Any], study: str | None, classifier: str | None) -> None:
    """Refuse a study or classifier that params.yaml does not define. Raises UserError naming those that it does."""
    studies = [name for name, block in params.items() if isinstance(block, Mapping) and "data" in block]
    if study is not None and study not in studies:
        raise UserError(f"{PARAMS}: no study {study!r}; it defines {', '.join(studies)}")
    if classifier is not None and classifier not in lookup(params, f"{study}.classifiers"):
        labels = ", ".join(lookup(params, f"{study}.classifiers"))
        raise UserError(f"{PARAMS}: {study}.classifiers: no classifier {classifier!r}; it defines {labels}")


def canonical(values: Mapping[str, Any]) -> str:
    """The one spelling of some parameters that both engines compare."""
    return json.dumps(values, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def build(config: type[Config], values: Mapping[str, Any]) -> Config:
    """A frozen dataclass from a mapping; nested dataclasses from nested mappings, and in mappings; tuples from lists.

    The schema has checked the values already; this only refuses names that the dataclass does not have.
    """
    types = _field_types(config)
    unknown = sorted(set(values) - set(types))
    if unknown:
        raise UserError(f"params.yaml: {unknown[0]}: is no parameter of {config.__name__}; it has {', '.join(types)}")
    try:
        return config(**{name: _convert(types[name], value) for name, value in values.items()})
    except TypeError as error:  # a field without a default is missing
        raise UserError(f"params.yaml: {config.__name__}: {error}") from None


def _field_types(config: type) -> dict[str, Any]:
    hints = get_type_hints(config)
    return {field.name: hints[field.name] for field in dataclasses.fields(config)}


def _convert(kind: Any, value: Any) -> Any:
    if isinstance(kind, type) and dataclasses.is_dataclass(kind) and isinstance(value, Mapping):
        return build(kind, value)
    if get_origin(kind) is Mapping and isinstance(value, Mapping):
        return {name: _convert(get_args(kind)[1], item) for name, item in value.items()}
    if isinstance(value, list):
        return tuple(_convert(None, item) for item in value)
    if kind is float and isinstance(value, int):
        return float(value)
    return value
