"""The page of results: a row for every figure and table of the sources, theirs beside ours."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from invariscope.papers import features, filters, generative, screening
from invariscope.papers.item import Item, place

SOURCES = (filters.SOURCE, features.SOURCE, screening.SOURCE, generative.SOURCE)
INTRODUCTION = """\
# The sources' results and ours

A row for every figure and number of the four sources; none of them has a table. Ours are read from the results of this
run: {studies}. Intervals are of 95 %; what varies in them (images, seeds, resamples) is said in the docs of each
analysis. Where the sources give no number, a row says what they show.
"""


def read(paths: Sequence[str]) -> list[str]:
    """Those of `paths` that the page reads, each once."""
    answers = [answer for source in SOURCES for item in source.items for answer in item.answers]
    return list(dict.fromkeys(path for answer in answers for path in answer.files(paths)))


def page(paths: Sequence[str], root: Path = Path()) -> str:
    """Markdown, from the result files `paths`, relative to `root`. Files that no item reads are left aside."""
    studies = dict.fromkeys(f"`{place(path).partition(', ')[0]}`" for path in read(paths))
    parts = [INTRODUCTION.format(studies=", ".join(studies) or "none")]
    for source in SOURCES:
        lines = [line for item in source.items for line in rows(item, paths, root)]
        head = ["| What | Theirs | Where | Ours |", "|---|---|---|---|"]
        parts.append("\n".join([f"## {source.title}", "", *head, *lines]) + "\n")
    return "\n".join(parts)


def rows(item: Item, paths: Sequence[str], root: Path) -> Iterator[str]:
    """An item's rows of the table: the first also says what it is, the last where to look and what is missing."""
    ours = [
        (place(path), words)
        for answer in item.answers
        for path in answer.files(paths)
        if (words := answer.words(root / path))
    ]
    rest = [item.why_not] if item.why_not else []
    if item.answers and not ours:
        rest.insert(0, "Not part of this run.")
    if item.look_at:
        rest.append(f"See {', '.join(f'`{name}`' for name in item.look_at)}.")
    if rest:
        ours.append(("", " ".join(rest)))
    first = (f"**{item.name}**", item.theirs)
    for where, words in ours:
        cells = (*first, where, words)
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
        first = ("", "")
