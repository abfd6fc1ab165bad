"""What comes of the ground truth, in words: every sentence follows from the tables by a rule, whatever it says."""

import math
from collections.abc import Sequence
from typing import Any

from invariscope.figures.method_names import NAMES
from invariscope.ground_truth.compare import EVERY, MATCHED, POOLED, Row, grouped, overall
from invariscope.ground_truth.direct import GOODFELLOW, LIE
from invariscope.ground_truth.extraction import FILTER_GAN, RANDOM_FILTERS

CHANCE = 0.5


def verdicts(differences: Sequence[Row], aucs: Sequence[Row], agreements: Sequence[Row]) -> dict[str, Any]:
    """Every verdict as a value: what a rerun with another seed must leave as it is."""
    told = {
        method: {row["factor"]: row["tells_apart"] for row in own if row["layer"] == overall(own)}
        for (method,), own in grouped(differences, "method").items()
    }
    found: dict[str, Any] = {"tells_apart": told}
    for kind in (MATCHED, POOLED):
        found[f"auc_{kind}"] = {method: auc_of(own, kind) for (method,), own in grouped(aucs, "method").items()}
    found["agrees"] = {f"{row['method']}, {row['other']}": relation(row) for row in agreements}
    found["adds"] = layers_where(differences, filter_gan=True, direct=False)
    found["misses"] = layers_where(differences, filter_gan=False, direct=True)
    return found


def auc_of(rows: Sequence[Row], kind: str) -> dict[str, Any]:
    """AUC over all factors of a method as a whole."""
    own = [row for row in rows if row["kind"] == kind and row["layer"] == overall(rows)]
    row = next((row for row in own if row["factor"] == EVERY), own[0])
    known = {name: None if math.isnan(row[name]) else row[name] for name in ("auc", "ci_low", "ci_high")}
    return known | {"above_chance": bool(row["ci_low"] > CHANCE)}


def relation(row: Row) -> str:
    """Whether two methods agree: the interval of their rank correlation lies above 0, below it, or about it."""
    if row["ci_low"] > 0:
        return "agree"
    return "contradict" if row["ci_high"] < 0 else "unrelated"


def layers_where(differences: Sequence[Row], filter_gan: bool, direct: bool) -> list[str]:
    """Factors and layers at which the filter-GAN tells twins apart, or not, and a direct measure of the same layer (the
    Lie derivative, Goodfellow's score) does, or not."""
    told = {(row["factor"], row["method"], row["layer"]): row["tells_apart"] for row in differences}
    return [
        f"{factor} at {layer}"
        for (factor, method, layer), found in told.items()
        if method == FILTER_GAN
        and layer != EVERY
        and found == filter_gan
        and any(told.get((factor, other, layer)) for other in (LIE, GOODFELLOW)) == direct
    ]


# --- in words ---------------------------------------------------------------------------------------------------------


def page(found: dict[str, Any], study: str, seeds: int) -> str:
    """The verdicts as a page of Markdown."""
    lines = [
        f"# Ground truth: is what we extract an invariance? ({study})",
        "",
        f"Networks that saw a factor vary in training against twins that did not, {seeds} seeds. *Tells apart*: the "
        "95 % interval of the paired difference of scores lies above 0. AUC: over (factor, twin) pairs, standardised "
        "within the factor, with a bootstrap interval over seeds.",
        "",
        "| method | tells apart | does not | AUC, matched pairs | AUC, all twins |",
        "|---|---|---|---|---|",
    ]
    for method, factors in found["tells_apart"].items():
        yes, no = ([name for name, told in factors.items() if told == wanted] for wanted in (True, False))
        matched, pooled = (interval_text(found[f"auc_{kind}"][method]) for kind in (MATCHED, POOLED))
        lines.append(f"| {NAMES[method]} | {listed(yes)} | {listed(no)} | {matched} | {pooled} |")
    lines += ["", "## Where the methods agree", ""]
    for word, meaning in (
        ("agree", "Agree (interval of the rank correlation above 0)"),
        ("contradict", "Contradict each other (below 0)"),
        ("unrelated", "No relation shown"),
    ):
        pairs = [pair for pair, relation in found["agrees"].items() if relation == word]
        lines.append(f"- {meaning}: {'; '.join(map(pair_name, pairs)) or 'none'}.")
    lines += ["", "## What the filter-GAN adds, and where it fails", ""]
    lines += [f"- {sentence}" for sentence in filter_gan_sentences(found)]
    return "\n".join(lines) + "\n"


def filter_gan_sentences(found: dict[str, Any]) -> list[str]:
    """What the tables say of the filter-GAN."""
    auc = found[f"auc_{MATCHED}"].get(FILTER_GAN)
    if not auc:
        return ["No filter-GAN was trained."]
    told = "tells" if auc["above_chance"] else "does not tell"
    control = found[f"auc_{MATCHED}"][RANDOM_FILTERS]
    return [
        f"Its traversals: AUC {interval_text(auc)}; it {told} twins apart better than chance. Traversals under random "
        f"filters, its control: {interval_text(control)}.",
        f"It tells twins apart where neither direct measure of the same layer does: {listed(found['adds'])}.",
        f"It does not where a direct measure of the same layer does: {listed(found['misses'])}.",
    ]


def interval_text(auc: dict[str, Any]) -> str:
    if auc["auc"] is None:
        return "not known"
    interval = "no interval" if auc["ci_low"] is None else f"{auc['ci_low']:.2f} to {auc['ci_high']:.2f}"
    return f"{auc['auc']:.2f} ({interval})"


def pair_name(pair: str) -> str:
    return " and ".join(NAMES[name] for name in pair.split(", "))


def listed(names: Sequence[str]) -> str:
    return ", ".join(names) or "none"
