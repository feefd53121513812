"""The page of a plan: what stands on it, and what must not."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from api.planning import Planned, page_of
from coordination.audience import COORDINATOR
from coordination.wording import table
from maps.plan_pictures import Measure, Strip, bundle_svg, comparison_svg, road_svg


class Page(HTMLParser):
    """What a page consists of."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.texts: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


@pytest.fixture(scope="module", params=["zh", "en"])
def page(request: pytest.FixtureRequest, planned: Planned) -> tuple[str, str]:
    return request.param, page_of(planned, lang=request.param)


def test_everything_that_was_decided_stands_on_the_page(
    page: tuple[str, str], planned: Planned
) -> None:
    lang, html = page
    text = " ".join(Page(html).texts)
    for bundle in planned.compared.bundles:
        assert bundle.bundle_id in html
        for member in bundle.members:
            assert member.code in text
    moved = planned.tables.schedule
    for code in moved.loc[moved["moved_days"] != 0, "code"]:
        assert code in text
    for row in planned.tables.broken.loc[planned.tables.broken["plan"] == "optimised"].itertuples():
        assert getattr(row, f"reason_{lang}") in text
    for name in table("plan.plans", lang).values():
        assert name in text
    assert "{" not in re.sub(r"<style>.*?</style>", "", html, flags=re.DOTALL)


def test_nothing_runs_and_nothing_is_fetched(page: tuple[str, str]) -> None:
    _, html = page
    assert "script" not in Page(html).tags
    assert "img" not in Page(html).tags
    assert [one for one in re.findall(r"https?://[^\"' <]*", html) if "w3.org" not in one] == []
    assert "default-src 'none'" in html


def test_a_confidential_project_is_somebody(planned: Planned) -> None:
    one = planned.compared.bundles[0].members[0]
    projects = planned.city.projects.copy()
    projects.loc[projects["code"] == one.code, "confidential"] = True
    hidden = replace(planned, city=replace(planned.city, projects=projects))
    html = page_of(hidden, lang="zh")
    assert one.code not in html
    assert "某单位（涉密）" in html
    assert one.code in page_of(hidden, lang="zh", audience=COORDINATOR)


def test_rows_stand_in_works_order_with_filed_above_scheduled() -> None:
    strips = [Strip("下层", 1, (0, 10), (5, 15)), Strip("<b>上层", 2, (20, 30), (15, 25))]
    svg = bundle_svg(strips, "a picture")
    assert svg.index(">1</text>") < svg.index(">2</text>")
    assert "&lt;b&gt;上层" in svg
    assert svg.count("stroke-dasharray") == 2  # one hollow bar per work
    assert 'role="img"' in svg
    assert bundle_svg([Strip("x", 1, None, None)], "nothing to show") == ""


def test_a_road_shows_each_opening_as_a_band() -> None:
    strips = [Strip("A", 1, (0, 10), (0, 10)), Strip("B", 2, (50, 60), (10, 20))]
    svg = road_svg(strips, [(0, 10), (50, 60)], [(0, 20)], ("before: 2", "after: 1"), "a road")
    assert svg.count("<rect") == 4 + 3
    assert svg.count("stroke-dasharray") == 2 + 2


def test_the_bound_is_a_line_where_it_is_known() -> None:
    values = (("as filed", 100.0, "100 m"), ("optimised", 80.0, "80 m"))
    svg = comparison_svg([Measure("metres", values, (75.0, "bound 75 m"))], "plans")
    widths = [float(one) for one in re.findall(r'<rect [^>]*width="([\d.]+)"', svg)]
    assert widths[1] == pytest.approx(0.8 * widths[0], abs=0.1)
    line = float(re.findall(r'<path d="M([\d.]+) 28V', svg)[0])
    assert line - 8 == pytest.approx(0.75 * widths[0], abs=0.1)
    assert "bound" not in comparison_svg([Measure("metres", values, None)], "plans")
