"""Invariscope: what a trained convolutional network has learned to ignore, how far one can push, and how we know.

The names of `invariscope.public` can be imported from here. Each is loaded when it is first asked for (PEP 562), so
that `import invariscope` loads nothing heavy.
"""

from importlib import import_module
from typing import Any

__version__ = "0.1.0"
_TABLE = "invariscope.public"  # by its name: every step's code depends on what this file imports


def __getattr__(name: str) -> Any:
    public: dict[str, str] = import_module(_TABLE).PUBLIC
    if name == "__all__":
        return sorted(public)
    if name not in public:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, _, attribute = public[name].partition(":")
    globals()[name] = getattr(import_module(module), attribute)  # asked for once
    return globals()[name]


def __dir__() -> list[str]:
    return sorted({*globals(), *__getattr__("__all__")})
