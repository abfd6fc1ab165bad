"""The report of a built project, in a real browser."""

from typing import Any

import pytest

from tests.browser import Tab
from tests.workflow.project import Project

pytestmark = pytest.mark.slow

LOADED = """async () => {
    const pictures = Object.entries(results).filter(([_, result]) => result.mime_type === "image/png");
    return await Promise.all(pictures.map(async ([path, result]) => {
        const image = new Image();
        image.src = result.data_uri;
        await image.decode().catch(() => null);
        return [path, image.naturalWidth, result.caption];
    }));
}"""


def test_report(digits: Project, browser_tab: Tab) -> None:
    digits.run("snakemake", "--report", "report.html")
    page = browser_tab.page
    page.goto((digits.path / "report.html").as_uri())
    first_page(page, digits)
    figures = sorted(str(path.relative_to(digits.path)) for path in (digits.path / "results/digits").rglob("*.png"))
    loaded = page.evaluate(LOADED)
    assert sorted(path for path, _, _ in loaded) == figures
    for path, width, caption in loaded:
        assert width > 300, path
        assert len(caption) > 200 and "system-message" not in caption, path
    search(page)
    statistics(page)


def first_page(page: Any, project: Project) -> None:
    text = page.inner_text("#app")
    assert "What trained networks ignore" in text and "system-message" not in page.content()
    assert project.git("rev-parse", "HEAD").strip() in text
    from importlib.metadata import version

    for package in ("torch", "snakemake", "dvc"):
        assert version(package) in text, package
    page.wait_for_selector("canvas")  # the workflow
    target = page.get_by_text("Traversal explorer").get_attribute("href")
    assert (project.path / target).is_file()


def search(page: Any) -> None:
    """A word finds the figure whose path has it; it opens, with its caption."""
    page.get_by_placeholder("Search...").fill("re:conv4/traversal")
    page.keyboard.press("Enter")
    (found,) = page.locator("nav tbody tr").all()
    assert "invariance traversals" in found.inner_text()
    found.locator("a").nth(0).click()
    shown = page.locator("img[src^='data:image/png']")
    shown.wait_for()
    assert shown.evaluate("async image => { await image.decode(); return image.naturalWidth; }") > 300
    found.locator("a").nth(1).click()
    assert "Invariance traversals of layer conv4" in page.inner_text("nav")


def statistics(page: Any) -> None:
    page.locator("nav li a").first.click()  # home
    page.get_by_text("Statistics", exact=True).click()
    for name in ("runtimes", "timeline"):
        page.wait_for_selector(f"#{name} canvas")
