"""Put the sources' figures and numbers beside those of this run, as a page."""

from pathlib import Path

from invariscope.figures import markdown_page
from invariscope.files import write_text
from invariscope.papers.page import page as written


def run(*, results: list[Path], text: Path, page: Path) -> None:
    """`results`: the files that the page reads (`papers.page.read`), of every study."""
    found = written([path.as_posix() for path in results])
    write_text(text, found)
    write_text(page, markdown_page.page(found))
