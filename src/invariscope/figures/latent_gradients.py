"""Why the paper's ascent in the latent space failed: gradients layer by layer, and what each mend changes."""

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from matplotlib.axes import Axes

from invariscope.figures import style

LOOKS: tuple[dict[str, Any], ...] = (
    {"color": style.COLOURS[1], "marker": "o"},
    {"color": style.COLOURS[2], "marker": "s", "linestyle": "--"},
)
SHADE = {"decoder": "#f1f1f1", "classifier": "#ffffff"}
RESHAPING = ("Flatten", "Unflatten", "Dropout", "Identity", "Upsample", "PixelShuffle")  # not listed
Row = dict[str, Any]


def draw_layers(files: style.Files, gradients: pa.Table, title: str) -> None:
    """Norms and exact zeros by layer, from a table (place, network, module, kind, depth, norm, norm_low, norm_high,
    zeros, vanished, n_codes)."""
    rows = [row for row in gradients.to_pylist() if row["kind"] not in RESHAPING]
    places = list(dict.fromkeys(row["place"] for row in rows))
    first = [row for row in rows if row["place"] == places[0]]
    with style.figure(files, style.PAGE, 5.5) as figure:
        top, bottom = figure.subplots(2, 1, sharex=True, gridspec_kw={"height_ratios": (1.5, 1)})
        for place, look in zip(places, LOOKS, strict=False):
            own = [row for row in rows if row["place"] == place]
            norms(top, own, f"{place} ({own[0]['n_codes']})", look)
            bottom.plot(range(len(own)), [100 * row["zeros"] for row in own], label=place, **look)
        top.set(yscale="log", ylabel="norm of the gradient\n(median, 10 to 90 %)")
        bottom.set(ylabel="exactly zero\n(% of the layer's gradient)", ylim=(-4, 104))
        bottom.set_xticks(range(len(first)), [name_of(row) for row in first], rotation=90, fontsize=5.5)
        for axes in (top, bottom):
            shade(axes, first)
        top.legend(loc="lower right")
        figure.suptitle(
            f"Gradients of class logits on their way to the latent code: {title}\n{verdict(rows)}", fontsize=9
        )


def norms(axes: Axes, rows: list[Row], label: str, look: dict[str, Any]) -> None:
    """Exact zeros, which a logarithmic axis does not have, are left out."""
    low, middle, high = (np.array([row[name] for row in rows]) for name in ("norm_low", "norm", "norm_high"))
    axes.plot(range(len(rows)), np.where(middle > 0, middle, np.nan), label=label, **look)
    axes.fill_between(range(len(rows)), low, high, where=low > 0, color=look["color"], alpha=0.18, linewidth=0)


def shade(axes: Axes, rows: list[Row]) -> None:
    """Tell decoder and classifier apart."""
    networks = [row["network"] for row in rows]
    image = networks.index("image")
    axes.axvspan(0.5, image - 0.5, color=SHADE["decoder"], zorder=0)
    axes.axvline(image, color="black", linewidth=0.7, linestyle=":")
    for text, place in (("decoder", image / 2), ("classifier", (image + len(rows)) / 2)):
        axes.text(place, 0.98, text, ha="center", va="top", size=7, transform=axes.get_xaxis_transform())


def name_of(row: Row) -> str:
    return row["network"] if not row["module"] else f"{row['module']} ({row['kind']})"


def verdict(rows: list[Row]) -> str:
    """At how many codes the whole gradient is exactly zero."""
    parts = [
        f"{row['place']}: exactly zero for {100 * row['vanished']:.0f} %, median norm {row['norm']:.2g} per side of box"
        for row in rows
        if row["depth"] == 0
    ]
    return "\n".join(parts)


def draw_variants(files: style.Files, variants: pa.Table, title: str) -> None:
    """What each mend changes, from a table (variant, objective, evaluations, share, reached, late_gain, moved)."""
    names = list(dict.fromkeys(variants["variant"].to_pylist()))
    own = [variants.filter(pc.equal(variants["variant"], name)) for name in names]
    labels = [f"{name} ({table['evaluations'][0].as_py():,})" for name, table in zip(names, own, strict=True)]
    with style.figure(files, style.PAGE, 0.9 + 0.33 * len(names)) as figure:
        left, right = figure.subplots(1, 2, sharey=True, gridspec_kw={"width_ratios": (1, 1.6)})
        reached = [100 * pc.mean(table["reached"].cast(pa.float64())).as_py() for table in own]
        places = range(len(names))
        left.set_axisbelow(True)
        left.barh(places, reached, color=style.COLOURS[1], height=0.6)
        for place, share in zip(places, reached, strict=True):
            left.annotate(f"{share:.0f} %", (share, place), (3, 0), textcoords="offset points", va="center", size=7)
        left.set_yticks(places, labels)
        left.set(xlabel="classes that reach the best sample (%)", xlim=(0, 112), ylim=(len(names) - 0.4, -0.6))
        for place, table in zip(places, own, strict=True):
            spread(right, place, table["share"].to_numpy())
        right.axvline(1, color="black", linestyle="--", linewidth=0.7)
        right.set(xlabel="logit reached, a point a class (0: mean sample, 1: best sample)")
        figure.suptitle(f"The paper's ascent, and one mend at a time (evaluations a class): {title}")


def spread(axes: Axes, place: int, shares: np.ndarray) -> None:
    """A point a class, and the median."""
    lift = 0.28 * np.cos(np.arange(len(shares)) * 2.4)  # apart, without chance
    axes.plot(shares, place + lift, "o", color=style.COLOURS[1], alpha=0.6, markersize=2.5, markeredgewidth=0)
    axes.plot([np.median(shares)] * 2, [place - 0.4, place + 0.4], color=style.COLOURS[0], linewidth=1.4)
