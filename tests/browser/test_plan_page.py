"""The page of a plan in a real browser: quiet, whole on a narrow screen and on paper."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from api.planning import page_of

if TYPE_CHECKING:
    from api.planning import Planned

pytestmark = pytest.mark.browser


@pytest.fixture(params=["zh", "en"])
def plan_file(request: pytest.FixtureRequest, planned: Planned, tmp_path: Path) -> Path:
    path = tmp_path / "plan.html"
    path.write_text(page_of(planned, lang=request.param), encoding="utf-8")
    return path


def test_it_is_quiet_whole_and_prints(plan_file: Path, browser: Any) -> None:
    page = browser.new_page()
    said: list[str] = []
    asked: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(plan_file.as_uri())
    # A project is called </script><script>document.title='ran'</script>.
    assert page.title() != "ran"
    assert page.locator("text=document.title='ran'").count() > 0
    wider = {}
    for width, media in ((380, "screen"), (1280, "screen"), (695, "print")):
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(media=media)
        wider[width] = page.evaluate("document.documentElement.scrollWidth") - width
    assert wider == {380: 0, 1280: 0, 695: 0}
    dangling = page.eval_on_selector_all(
        "a[href^='#']", "links => links.filter(a => !document.querySelector(a.hash)).length"
    )
    assert dangling == 0
    assert page.locator("#bundles svg").count() == page.locator("article.bundle").count()
    assert page.pdf(format="A4", prefer_css_page_size=True).startswith(b"%PDF")
    assert (said, asked) == ([], [plan_file.as_uri()])
    page.close()
