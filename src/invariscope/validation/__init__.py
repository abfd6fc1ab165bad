"""What params.yaml may say: the schema, and what no schema can say. Every refusal is one line.

No step imports this: a better message must not make trained networks out of date.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from copy import deepcopy
from pathlib import Path
from typing import Any

from invariscope.classifiers import architectures
from invariscope.errors import UserError
from invariscope.files import write_json
from invariscope.params import PARAMS, load_yaml
from invariscope.screening import families
from invariscope.validation.schema import schema_problems
from invariscope.validation.studies import cross_problems
from invariscope.validation.words import Problem, dotted, shown

KEPT = Path(".cache/params.json")
SCHEMA = Path("workflow/schemas/params.schema.yaml")


def load_params(path: Path = PARAMS, schema: Path = SCHEMA) -> dict[str, Any]:
    """Read and validate params.yaml. Raises UserError naming the key, the value and what is allowed.

    What Snakemake has read and found good (`keep_params`) is not read again, which costs every job a second.
    """
    kept = _kept(path, schema)
    if kept is not None:
        return kept
    params = load_yaml(path)
    validate(params, load_yaml(schema), path)
    return params


def keep_params(params: Mapping[str, Any], path: Path = PARAMS, schema: Path = SCHEMA) -> None:
    """Leave valid parameters for the jobs of this run. A folder that cannot be written costs them time alone."""
    if _kept(path, schema) is not None:
        return
    with suppress(OSError):
        write_json(KEPT, {"of": _fingerprint(path, schema), "params": params})


def _kept(path: Path, schema: Path) -> dict[str, Any] | None:
    """Parameters that were kept, if they are of these files and of this code."""
    try:
        content = json.loads(KEPT.read_text(encoding="utf-8"))
        return content["params"] if content["of"] == _fingerprint(path, schema) else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _fingerprint(path: Path, schema: Path) -> str:
    """Of the bytes of both files, and of the code that says what is valid."""
    digest = hashlib.sha256()
    code = sorted(Path(__file__).parent.glob("*.py"))
    for file in (path, schema, *code, *map(Path, (families.__file__, architectures.__file__))):
        digest.update(file.read_bytes() + b"\0")
    return digest.hexdigest()


def validate(params: Any, schema: Mapping[str, Any], path: Path) -> None:
    """Refuse a params.yaml that no run could mean. Raises UserError naming the key, the value and what is allowed."""
    whole = with_new_families(schema)
    for problems in (plain_problems, lambda tree: schema_problems(tree, whole), cross_problems):
        for where, what in problems(params):
            place = f" {dotted(where)}:" if where else ""
            raise UserError(f"{path}:{place} {what}".replace("\n", " "))


def with_new_families(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The schema, in which families of transformations that it does not know of have grids of any numbers."""
    whole = deepcopy(dict(schema))
    known = whole["$defs"]["families"]["properties"]
    for name, family in families.FAMILIES.items():
        grid = {"type": "array", "items": {"type": "number", "description": family.unit}, "description": family.unit}
        known.setdefault(name, grid)
    return whole


def plain_problems(params: Any) -> Iterator[Problem]:
    """Not a mapping; keys that are no text; what an anchor repeats."""
    if params is None:
        yield (), "is empty; it must define seed, device, data_root, studies, magnitudes, and a block a study"
    elif not isinstance(params, Mapping):
        yield (), f"must be a mapping of keys to values, and is a {type(params).__name__}"
    else:
        yield from _plain(params, (), {})


def _plain(node: Any, where: tuple[str | int, ...], seen: dict[int, str]) -> Iterator[Problem]:
    if not isinstance(node, Mapping | list):
        return
    if id(node) in seen:
        other = seen[id(node)] or "the file"
        yield where, f"repeats {other} by an anchor; write it out, since DVC cannot change what an alias repeats"
        return
    seen[id(node)] = dotted(where)
    for key, value in node.items() if isinstance(node, Mapping) else enumerate(node):
        if isinstance(node, Mapping) and not isinstance(key, str):
            yield where, f"has the key {shown(key)}, which is not a text; write it in quotes or rename it"
        else:
            yield from _plain(value, (*where, key), seen)
