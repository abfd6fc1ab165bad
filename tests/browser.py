"""A headless Chromium for pages that we make. Whatever goes wrong in a tab fails its test."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome")


@dataclass
class Tab:
    page: Any  # of Playwright
    problems: list[str] = field(default_factory=list)

    def forgive(self, text: str) -> None:
        """Forget the problems that say this; there must be one."""
        kept = [problem for problem in self.problems if text not in problem]
        assert len(kept) < len(self.problems), f"no problem says {text}"
        self.problems[:] = kept


@contextmanager
def chromium() -> Iterator[Any]:
    """Playwright drives the Chromium on PATH. Without either tests are skipped, in CI they fail."""
    path = next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        missing("no Chromium on PATH; install your system's package `chromium`")
    sync_api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path)
        yield browser
        browser.close()


def missing(reason: str) -> None:
    (pytest.fail if os.environ.get("CI") else pytest.skip)(reason)


@contextmanager
def open_tab(browser: Any) -> Iterator[Tab]:
    """A tab that notes errors of the console, exceptions, failed requests, and whatever is asked of the network."""
    context = browser.new_context(viewport={"width": 1200, "height": 900})
    tab = Tab(context.new_page())
    note = tab.problems.append
    page = tab.page
    page.on("console", lambda message: note(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: note(f"exception: {error}"))
    page.on("requestfailed", lambda request: note(f"{request.url[:200]}: {request.failure}"))
    page.on("request", lambda request: note(f"asked {request.url}") if request.url.startswith("http") else None)
    yield tab
    context.close()
    assert tab.problems == []
