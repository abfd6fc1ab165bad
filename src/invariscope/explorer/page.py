"""The explorer's page: one HTML file with its style and script, that loads the scripts of the layers beside it."""

from collections.abc import Sequence
from html import escape
from importlib.resources import files

import matplotlib
from matplotlib.colors import to_hex

from invariscope.explorer.layer import LIMIT
from invariscope.figures import style
from invariscope.figures.traversal import CHANGED, ORIGINAL, UNCONVERGED

ASSETS = ("index.html", "explorer.css", "explorer.js")


def page(scripts: Sequence[str]) -> str:
    """The page, for the layers' scripts of these names."""
    text, css, code = (files(__package__).joinpath(name).read_text(encoding="utf-8") for name in ASSETS)
    parts = {
        "style": colours() + css,
        "limit": f"{LIMIT:g}",
        "layers": "\n".join(f'<script src="{escape(name)}"></script>' for name in scripts),
        "script": code,
    }
    for name, part in parts.items():
        text = text.replace(f"{{{{{name}}}}}", part)
    return text


def colours() -> str:
    """The colours of the figures, as the style names them."""
    changes = matplotlib.colormaps[style.DIVERGING]
    ramp = ", ".join(to_hex(changes(place / 8)) for place in range(9))
    return (
        f":root {{ --original: {ORIGINAL}; --changed: {CHANGED}; --unconverged: {UNCONVERGED}; "
        f"--changes: linear-gradient(to right, {ramp}); }}\n"
    )
