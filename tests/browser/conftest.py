"""Chromium without a network, and what it must never say."""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    from api.planning import Planned

QUIET = (
    "--disable-background-networking", "--disable-component-update", "--disable-default-apps",
    "--disable-domain-reliability", "--disable-sync", "--no-first-run", "--no-pings",
    "--disable-gpu", "--disable-dev-shm-usage", "--metrics-recording-only",
)  # fmt: skip


def chromium_path() -> str | None:
    """Return where Chromium is: ``DIGONCE_CHROMIUM``, else the system's, else None."""
    named = os.environ.get("DIGONCE_CHROMIUM")
    if named:
        return named if Path(named).exists() else None
    return (
        shutil.which("chromium")
        or shutil.which("chromium-browser")
        or shutil.which("google-chrome")
    )


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Return Chromium, or skip (fail where it is required)."""
    path = chromium_path()
    if path is None:
        message = "no Chromium on this machine (set DIGONCE_CHROMIUM to its program)"
        if os.environ.get("DIGONCE_REQUIRE_CHROMIUM") == "1":
            pytest.fail(message)
        pytest.skip(message)
    from playwright.sync_api import sync_playwright

    # As root there is no sandbox to be had.
    sandbox = () if hasattr(os, "geteuid") and os.geteuid() != 0 else ("--no-sandbox",)
    with sync_playwright() as playwright:
        program = playwright.chromium.launch(executable_path=path, args=[*QUIET, *sandbox])
        yield program
        program.close()


class OpenPage:
    """A page that was opened from a file without a network, and what went wrong in it."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.faults: list[str] = []
        self.requests: list[str] = []
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        page.on("requestfailed", lambda request: self.faults.append(request.url))
        page.on("request", lambda request: self.requests.append(request.url))
        page.on("dialog", self._dialog)

    def _console(self, message: object) -> None:
        if message.type in ("error", "warning"):
            self.faults.append(message.text)

    def _dialog(self, dialog: object) -> None:
        self.faults.append(f"dialog: {dialog.message}")
        dialog.dismiss()


@pytest.fixture
def open_page(browser: Browser, tmp_path: Path) -> Iterator[Callable[..., OpenPage]]:
    """Return a function that opens HTML text from a file, offline."""
    contexts = []

    def opened(html: str, *, width: int = 1280, height: int = 720) -> OpenPage:
        path = tmp_path / f"page_{len(contexts)}.html"
        path.write_text(html, encoding="utf-8")
        context = browser.new_context(
            viewport={"width": width, "height": height}, offline=True, reduced_motion="reduce"
        )
        contexts.append(context)
        result = OpenPage(context.new_page())
        result.page.goto(path.as_uri())
        return result

    yield opened
    for context in contexts:
        context.close()


def load_of_maps(name: str) -> ModuleType:
    """Return a helper module of the tests of maps, loaded once."""
    if name not in sys.modules:
        path = Path(__file__).parent.parent / "maps" / f"{name}.py"
        spec = importlib.util.spec_from_file_location(name, path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
    return sys.modules[name]


@pytest.fixture(scope="session")
def small_town() -> ModuleType:
    """Return the builder of small towns that the tests of maps use."""
    return load_of_maps("small_town")


@pytest.fixture(scope="session")
def planned(small_town: ModuleType) -> Planned:
    """Return the plan of a small town."""
    return load_of_maps("small_plan").small_plan(small_town)
