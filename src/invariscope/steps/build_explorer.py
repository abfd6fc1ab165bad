"""Build the traversal explorer: a page, and for every layer a script with its numbers and a sheet of its images."""

from pathlib import Path

from PIL import Image

from invariscope.data.table import open_data, read_table
from invariscope.errors import UserError
from invariscope.explorer import layer
from invariscope.explorer import page as pages
from invariscope.files import replacing, write_text


def run(*, data: list[Path], traversals: list[Path], page: Path, scripts: list[Path], sheets: list[Path]) -> None:
    """`data`: `<study>.parquet` of every study; `scripts` and `sheets`: one of each a table of traversals."""
    classes = {path.stem: open_data(path, "test").class_names for path in data}
    for traversal, script, sheet in zip(traversals, scripts, sheets, strict=True):
        table = read_table(traversal)
        try:
            found = layer.grids(table)
        except UserError as error:
            raise UserError(f"{traversal}: {error}") from None
        names = classes[table["study"][0].as_py()]
        write_text(script, layer.script(layer.numbers(found, names, sheet.name)))
        with replacing(sheet) as temporary:
            Image.fromarray(layer.sheet(found)).save(temporary, format="PNG", optimize=True)
    write_text(page, pages.page([script.name for script in scripts]))
