"""What the schema refuses, in words of ours: what is wrong, and what is allowed in its place."""

import difflib
import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

from invariscope.validation.words import Problem, dotted, shown

BOUNDS = (
    ("minimum", ">="),
    ("exclusiveMinimum", ">"),
    ("maximum", "<="),
    ("exclusiveMaximum", "<"),
    ("multipleOf", "a multiple of"),
)
KINDS = {"integer": "an integer", "number": "a number", "boolean": "true or false", "string": "a text"}

# What no classifier may be called, since a folder of the study's results is.
RESERVED = {
    "data": "the study's data",
    "comparison": "the comparison of its classifiers",
    "generative": "its generative networks",
    "ground_truth": "its ground truth",
}


def schema_problems(params: Mapping[str, Any], schema: Mapping[str, Any]) -> Iterator[Problem]:
    from jsonschema.validators import Draft202012Validator, extend

    checker = Draft202012Validator.TYPE_CHECKER.redefine_many({"integer": _is_integer, "number": _is_number})
    strict = extend(Draft202012Validator, type_checker=checker)
    for error in strict(schema).iter_errors(params):
        yield _schema_problem(error, schema)


def _is_integer(_: Any, value: Any) -> bool:
    """1.0 is none: range(1.0) fails."""
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(_: Any, value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _schema_problem(error: Any, root: Mapping[str, Any]) -> Problem:
    where, rule, value = tuple(error.absolute_path), error.schema, error.instance
    if len(where) == 1 and where[0] not in root["properties"] and not isinstance(value, Mapping):
        return where, _unknown(str(where[0]), root, ())
    if error.validator == "required":
        missing = next(name for name in error.validator_value if name not in value)
        return (*where, missing), f"is missing; it must be {allowed(_property(error, missing, root), root)}"
    if error.validator == "additionalProperties":
        unknown = next(name for name in value if not _known(name, rule))
        return (*where, unknown), _unknown(unknown, rule, where)
    return where, f"{shown(value)} is not allowed; it must be {allowed(rule, root)}"


def _known(name: str, rule: Mapping[str, Any]) -> bool:
    return name in rule.get("properties", {}) or any(re.search(p, name) for p in rule.get("patternProperties", {}))


def _unknown(name: str, rule: Mapping[str, Any], where: tuple[str | int, ...]) -> str:
    names = list(rule.get("properties", {}))
    title = f" ({rule['title']})" if where and "title" in rule else ""
    if near := difflib.get_close_matches(name, names, n=1):
        return f"is no known key; did you mean {near[0]}?{title}"
    if "patternProperties" in rule and not _known(name, rule):
        if name in RESERVED:
            return f"is reserved for {RESERVED[name]}; give it another name"
        return "is not allowed as a name; names are lower-case letters, digits and _, beginning with a letter"
    return f"is no known key; {dotted(where) or 'the file'} has {', '.join(names)}{title}"


def _property(error: Any, name: str, root: Mapping[str, Any]) -> Mapping[str, Any]:
    rule = error.schema
    return (rule if "properties" in rule else _resolved(rule, root)).get("properties", {}).get(name, {})


def _resolved(rule: Mapping[str, Any], root: Mapping[str, Any]) -> Mapping[str, Any]:
    """The rule with that which its `$ref` points to."""
    if "$ref" not in rule:
        return rule
    target: Any = root
    for part in rule["$ref"].removeprefix("#/").split("/"):
        target = target[part]
    return {**_resolved(target, root), **{key: value for key, value in rule.items() if key != "$ref"}}


def allowed(rule: Mapping[str, Any], root: Mapping[str, Any]) -> str:
    """What a rule of the schema allows, in words."""
    rule = _resolved(rule, root)
    meaning = f" ({rule['description']})" if "description" in rule else ""
    if "enum" in rule:
        return f"one of {', '.join(map(str, rule['enum']))}{meaning}"
    if isinstance(rule.get("type"), list):
        return " or ".join(allowed({**rule, "type": kind}, root) for kind in rule["type"])
    if rule.get("type") == "array":
        return f"a list of {_count(rule)}, each {allowed(rule['items'], root)}"
    if rule.get("type") == "object":
        return f"a mapping{' that is not empty' if 'minProperties' in rule else ''}{meaning}"
    if "pattern" in rule:
        return str(rule.get("description", rule["pattern"]))
    bounds = " and ".join(f"{sign} {rule[name]}" for name, sign in BOUNDS if name in rule)
    return f"{KINDS[rule['type']]}{' ' if bounds else ''}{bounds}{meaning}"


def _count(rule: Mapping[str, Any]) -> str:
    low, high = rule.get("minItems", 0), rule.get("maxItems")
    different = "different " if rule.get("uniqueItems") else ""
    return f"{low} {different}items" if low == high else f"{f'{low} or more ' if low else ''}{different}items"
