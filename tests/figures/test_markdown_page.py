"""Markdown as a page: what it shows in a browser, in a frame as the report has it."""

import base64

from invariscope.figures.markdown_page import page
from tests.browser import Tab

TEXT = """# Who tells & who does not

| method | tells apart |
|---|---|
| Filter-GAN | *none* |

- Agree: <b>none</b>.
"""


def test_a_page_needs_nothing_else_and_shows_html_as_text(browser_tab: Tab) -> None:
    text = page(TEXT)
    assert "://" not in text and "<title>Who tells &amp; who does not</title>" in text
    uri = "data:text/html;charset=utf8;base64," + base64.b64encode(text.encode()).decode()
    browser_tab.page.set_content(f'<iframe src="{uri}" width="900" height="600"></iframe>')
    frame = browser_tab.page.frame_locator("iframe")
    assert frame.get_by_role("heading").inner_text() == "Who tells & who does not"
    assert frame.get_by_role("cell").all_inner_texts() == ["Filter-GAN", "none"]
    assert frame.get_by_role("listitem").inner_text() == "Agree: <b>none</b>."
