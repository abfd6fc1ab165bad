"""Problems of params.yaml, and how their place and value are written."""

from typing import Any

Problem = tuple[tuple[str | int, ...], str]  # where, what


def dotted(where: tuple[str | int, ...]) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in where).removeprefix(".")


def shown(value: Any) -> str:
    """A value as it would stand in the file, cut where it is long."""
    words = {None: "nothing", True: "true", False: "false"}
    text = words[value] if value is None or isinstance(value, bool) else repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
