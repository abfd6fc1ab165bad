"""The explorer in a real browser, opened as a file."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.browser import Tab
from tests.explorer.small import NAMES, Explorer

SHOWN = """() => ['original', 'picture', 'change'].map(id => {
    const style = getComputedStyle(document.getElementById(id));
    return [style.backgroundImage.split('/').pop().replace('")', ''), style.backgroundPosition];
})"""
FITS = "() => document.documentElement.scrollWidth <= innerWidth"


@pytest.fixture
def tab(browser_tab: Tab, explorer: Explorer) -> Iterator[Tab]:
    browser_tab.page.goto((explorer.folder / "index.html").as_uri())
    yield browser_tab


def values(page: Any) -> dict[str, tuple[str, str]]:
    """Quantity -> what the page says of the original, and of the point."""
    rows = page.locator("#values tr").all()
    return {row.get_attribute("data-quantity"): tuple(row.locator("td.number").all_inner_texts()) for row in rows}


def place(page: Any) -> tuple[int, int]:
    row, column = page.evaluate("location.hash").split("/")[-2:]
    return int(row), int(column)


def told(table: Any, image: int, row: int, column: int, axes: str = "random") -> dict[str, Any]:
    """The table's row of a point."""
    wanted = {"image_id": image, "axes": axes, "row": row, "column": column}
    (found,) = [each for each in table.to_pylist() if wanted.items() <= each.items()]
    return found


def spelled(value: float) -> str:
    return str(float(f"{value:.3g}")).removesuffix(".0").replace("-", "\N{MINUS SIGN}")


def test_it_opens_at_the_original(tab: Tab, explorer: Explorer) -> None:
    page = tab.page
    assert place(page) == (1, 1)
    assert page.locator("#study option").all_inner_texts() == ["grey", "colour"]
    assert page.locator("#layer option").all_inner_texts() == ["net, conv2", "net, conv4"]
    assert page.get_by_role("gridcell").count() == 9
    assert re.match("The original, of class “zero”: taken for “zero” with ", page.inner_text("#sentence"))
    original, picture, change = page.evaluate(SHOWN)
    assert original == picture != change and original[0] == "grey-net-conv2.png"
    assert page.evaluate(FITS)


def test_arrow_keys_move_the_image_and_every_value(tab: Tab, explorer: Explorer) -> None:
    page, table = tab.page, explorer.tables["grey-net-conv2"]
    page.get_by_role("gridcell", selected=True).focus()
    seen = {str(page.evaluate(SHOWN))}
    for key, wanted in (
        ("ArrowUp", (0, 1)),
        ("ArrowLeft", (0, 0)),
        ("ArrowUp", (0, 0)),
        ("End", (0, 2)),
        ("ArrowDown", (1, 2)),
    ):
        page.keyboard.press(key)
        assert place(page) == wanted
        assert page.evaluate("document.activeElement.getAttribute('aria-selected')") == "true"
        row = told(table, 16, *wanted)  # the image of class zero comes first
        found = values(page)
        assert found["rms_change"][1] == spelled(row["rms_change"])
        assert found["confidence"][1] == spelled(row["confidence"])
        assert found["slant"][1] == spelled(row["slant"])
        seen.add(str(page.evaluate(SHOWN)))
    assert len(seen) == 5
    assert "down 0, across +0.75" in page.inner_text("#sentence")


def test_failures_are_said_and_framed(tab: Tab) -> None:
    page = tab.page
    page.get_by_role("gridcell").nth(0).click()
    assert f"taken for “{NAMES[1]}”, not for “{NAMES[0]}” as the original" in page.inner_text("#sentence")
    page.get_by_role("gridcell").nth(1).click()
    assert "not reached" in page.inner_text("#sentence")
    marks = [cell.get_attribute("class") for cell in page.get_by_role("gridcell").all()]
    assert marks == ["changed", "unconverged", "", "", "original", "", "", "", ""]


def test_dragging_follows_the_pointer(tab: Tab) -> None:
    page = tab.page
    first, last = (page.get_by_role("gridcell").nth(number).bounding_box() for number in (0, 8))
    page.mouse.move(first["x"] + 5, first["y"] + 5)
    assert place(page) == (1, 1)  # nothing is held
    page.mouse.down()
    assert place(page) == (0, 0)
    page.mouse.move(last["x"] + 5, last["y"] + 5, steps=5)
    assert place(page) == (2, 2)
    page.mouse.move(last["x"] + 500, last["y"] + 500)  # beyond the edge: the edge
    assert place(page) == (2, 2)
    page.mouse.up()
    page.mouse.move(first["x"] + 5, first["y"] + 5)
    assert place(page) == (2, 2)
    page.get_by_role("button", name="Back to the original").click()
    assert place(page) == (1, 1)


def test_study_layer_image_and_axes_are_picked(tab: Tab, explorer: Explorer) -> None:
    page = tab.page
    page.get_by_label("Study").select_option("colour")
    assert page.evaluate(SHOWN)[0][0] == "colour-net-conv4.png" and "thickness" not in values(page)
    page.get_by_label("<three>, image 9").check(force=True)
    page.get_by_role("gridcell").nth(5).click()
    table = explorer.tables["colour-net-conv4"]
    assert values(page)["brightness"][1] == spelled(told(table, 9, 1, 2)["brightness"])
    before = page.evaluate(SHOWN)[1]
    page.get_by_label("the two directions of greatest change").check()
    assert place(page) == (1, 2) and page.evaluate(SHOWN)[1] != before
    assert values(page)["brightness"][1] == spelled(told(table, 9, 1, 2, "principal")["brightness"])
    page.get_by_label("Study").select_option("grey")
    page.get_by_label("Classifier and layer").select_option("net, conv4")
    assert page.evaluate(SHOWN)[0][0] == "grey-net-conv4.png"


def test_an_address_shows_the_same_again(tab: Tab) -> None:
    page = tab.page
    page.get_by_label("Classifier and layer").select_option("net, conv4")
    page.get_by_label("two, image 9").check(force=True)
    page.get_by_role("gridcell").nth(7).click()
    shown, sentence = page.evaluate(SHOWN), page.inner_text("#sentence")
    page.reload()
    assert (page.evaluate(SHOWN), page.inner_text("#sentence")) == (shown, sentence)
    page.evaluate("location.hash = '#no/such/thing'")
    page.wait_for_function("location.hash.startsWith('#grey/net/conv2/')")


def test_the_keyboard_alone_reaches_everything(tab: Tab) -> None:
    page, met = tab.page, []
    for _ in range(7):
        page.keyboard.press("Tab")
        met.append(
            page.evaluate("document.activeElement.id || document.activeElement.name || document.activeElement.role")
        )
    assert met[:6] == ["study", "layer", "kind", "image", "gridcell", "back"]
    page.locator("[name=image]:checked").focus()
    page.keyboard.press("ArrowRight")
    assert page.evaluate("location.hash").split("/")[4] == "9"


def test_every_control_and_picture_has_a_name(tab: Tab) -> None:
    names = "nodes => nodes.map(n => n.getAttribute('aria-label') || n.labels?.[0]?.innerText || n.innerText)"
    found = tab.page.locator("select, input, button, [role=img], [role=gridcell]").evaluate_all(names)
    assert len(found) > 15 and all(name and name.strip() for name in found)


@pytest.mark.parametrize("size", [(360, 740), (800, 600), (1400, 900)])
def test_it_fits_phones_and_desks(tab: Tab, size: tuple[int, int]) -> None:
    page = tab.page
    page.set_viewport_size({"width": size[0], "height": size[1]})
    page.wait_for_function(f"() => innerWidth === {size[0]}")
    for study in ("colour", "grey"):
        page.get_by_label("Study").select_option(study)
        assert page.evaluate(FITS)
        grid = page.locator("#grid").bounding_box()
        assert grid["x"] >= 0 and grid["x"] + grid["width"] <= size[0]


def test_missing_layers_are_said(browser_tab: Tab, explorer: Explorer, tmp_path: Any) -> None:
    alone = tmp_path / "index.html"
    alone.write_bytes((explorer.folder / "index.html").read_bytes())
    browser_tab.page.goto(alone.as_uri())
    assert browser_tab.page.get_by_text("No layer could be loaded").is_visible()
    browser_tab.forgive("ERR_FILE_NOT_FOUND")
