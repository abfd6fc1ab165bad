"""What the Snakefile calls."""

import sys
from typing import Any

from invariscope.errors import UserError
from invariscope.validation import load_params


def open_params() -> dict[str, Any]:
    """params.yaml, validated; a mistake in it ends Snakemake with one line."""
    try:
        return load_params()
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(1)


def adopt(workflow: Any) -> None: ...


def record(workflow: Any, params: dict[str, Any]) -> None: ...
