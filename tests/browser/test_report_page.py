"""The report in a real browser: quiet, whole on a narrow screen and on paper."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from data.report_page import write_report
from maps.report_pictures import report_pictures

pytestmark = pytest.mark.browser


@pytest.fixture
def report(meeting: Any, tmp_path: Path) -> Path:
    pictures = report_pictures(meeting.city, meeting.findings)
    return write_report(
        tmp_path, meeting.findings, meeting.city, meeting.provenance, pictures=pictures
    )


def test_the_page_is_quiet_and_links_lead_somewhere(report: Path, browser: Any) -> None:
    page = browser.new_page(viewport={"width": 1100, "height": 900})
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(report.as_uri())
    # A project is called <script>document.title='owned'</script>.
    assert page.title() == "道路作业统筹报告 · 2025年3月15日"
    anchors = page.eval_on_selector_all(
        "a[href^='#']", "links => links.filter(a => !document.querySelector(a.hash)).length"
    )
    assert anchors == 0
    assert asked == [report.as_uri()]
    page.click("header a")
    assert page.title().startswith("Road works coordination report")
    page.click("header a")
    assert page.title().startswith("道路作业统筹报告")
    assert said == []
    page.close()


@pytest.mark.parametrize("name", ["index.html", "index.en.html"])
def test_nothing_is_wider_than_the_page(report: Path, browser: Any, name: str) -> None:
    page = browser.new_page()
    page.goto(report.with_name(name).as_uri())
    wider = {}
    for width, media in ((380, "screen"), (1100, "screen"), (695, "print")):
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(media=media)
        wider[width] = page.evaluate("document.documentElement.scrollWidth") - width
    assert wider == {380: 0, 1100: 0, 695: 0}
    page.close()


def test_severity_is_a_word_a_shape_and_a_colour(report: Path, browser: Any) -> None:
    page = browser.new_page()
    page.goto(report.as_uri())
    marks = page.eval_on_selector_all(
        "#case-1 .finding .mark",
        "marks => marks.map(m => [m.textContent, m.querySelector('use').getAttribute('href'),"
        " getComputedStyle(m).color])",
    )
    assert marks == [
        ["高", "#mark-high", "rgb(165, 15, 21)"],
        ["中", "#mark-medium", "rgb(154, 91, 0)"],
        ["提示", "#mark-notice", "rgb(11, 98, 168)"],
    ]
    page.close()


def test_it_prints(report: Path, browser: Any) -> None:
    page = browser.new_page()
    page.goto(report.as_uri())
    assert page.pdf(format="A4", prefer_css_page_size=True).startswith(b"%PDF")
    page.close()
