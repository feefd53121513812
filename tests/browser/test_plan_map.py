"""The map of a plan in a real browser: one slider and one switch for before and after."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import pytest
from playwright.sync_api import expect

from api.planning import map_of

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from api.planning import Planned

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def html(planned: Planned) -> str:
    return map_of(planned, lang="zh")


@pytest.fixture
def page(open_page: Callable[..., object], html: str) -> Page:
    opened = open_page(html)
    opened.page.wait_for_selector("body[data-ready=yes]")
    yield opened.page
    assert opened.faults == []
    assert [url for url in opened.requests if not url.startswith(("file:", "data:", "blob:"))] == []


def counts(page: Page) -> dict:
    return page.evaluate("digonce.page.counts()")


def slide(page: Page, day: int) -> None:
    page.evaluate(
        """day => { const i = document.getElementById('day'); i.value = day;
        i.dispatchEvent(new Event('input')); }""",
        day,
    )


def painted(page: Page) -> int:
    return page.evaluate(
        """() => { const c = document.querySelector('.leaflet-works-pane canvas');
        const copy = document.createElement('canvas'); copy.width = c.width; copy.height = c.height;
        const ctx = copy.getContext('2d', { willReadFrequently: true }); ctx.drawImage(c, 0, 0);
        const d = ctx.getImageData(0, 0, c.width, c.height).data;
        let n = 0; for (let i = 3; i < d.length; i += 4) { if (d[i]) { n++; } } return n; }"""
    )


def at_work(planned: Planned, plan: str, day: int) -> int:
    start, finish = planned.problem.work_days(planned.plan.schedules[plan].start_day)
    return int(((start <= day) & (finish > day)).sum())


def openings_on(planned: Planned, plan: str, day: int) -> int:
    from coordination.comparison import opening_labels

    check = planned.plan.schedules[plan]
    table = check.openings.assign(label=opening_labels(planned.problem, check))
    spans = table.groupby("label").agg(first=("start_day", "min"), end=("finish_day", "max"))
    return int(((spans["first"] <= day) & (spans["end"] > day)).sum())


def told_day(planned: Planned) -> int:
    """Return a day on which the two plans differ."""
    filed, best = (
        planned.problem.work_days(planned.plan.schedules[name].start_day)
        for name in ("as_filed", "optimised")
    )
    days = np.arange(min(filed[0].min(), best[0].min()), max(filed[1].max(), best[1].max()))
    differ = [
        day
        for day in days.tolist()
        if at_work(planned, "as_filed", day) != at_work(planned, "optimised", day)
        and openings_on(planned, "as_filed", day) != openings_on(planned, "optimised", day)
    ]
    return differ[len(differ) // 2]


def test_it_opens_with_everything_of_both_plans(page: Page, planned: Planned) -> None:
    shown = counts(page)
    assert shown["works"] == len(planned.problem.works)
    assert shown["projects"] == len(planned.problem.projects)
    assert shown["bundles"] == len(planned.compared.bundles)
    rows = planned.compared.table()
    assert shown["openings"] == {
        "filed": rows["as_filed"]["openings"], "scheduled": rows["optimised"]["openings"],
    }  # fmt: skip
    assert painted(page) > 500
    assert page.title() == "统筹前后对照图"


def test_one_slider_moves_both_plans_and_the_switch_changes_what_shows(
    page: Page, planned: Planned
) -> None:
    day = told_day(planned)
    slide(page, day)
    expect(page.locator("[data-scale=day]")).to_have_attribute("aria-checked", "true")
    assert page.locator("#range").inner_text() == str(np.datetime64(day, "D"))
    after = counts(page)
    picture = painted(page)
    assert after["works"] == at_work(planned, "optimised", day)
    page.locator("[data-plan=filed]").click()
    before = counts(page)
    assert before["works"] == at_work(planned, "as_filed", day)
    assert before["works"] != after["works"]
    assert painted(page) != picture
    # Both counts of openings stand beside one another whichever plan is shown.
    assert before["openings"] == after["openings"] == {
        "filed": openings_on(planned, "as_filed", day),
        "scheduled": openings_on(planned, "optimised", day),
    }  # fmt: skip
    page.locator("[data-scale=month]").click()
    assert page.locator("#range").inner_text() == str(np.datetime64(day, "D"))[:7]
    assert counts(page)["works"] >= before["works"]
    page.locator("[data-scale=all]").click()
    assert counts(page)["works"] == len(planned.problem.works)


def test_the_slider_works_from_the_keyboard(page: Page) -> None:
    page.locator("#day").focus()
    day = int(page.locator("#day").input_value())
    page.keyboard.press("ArrowRight")
    assert int(page.locator("#day").input_value()) == day + 1


def test_playing_goes_through_the_months(page: Page) -> None:
    page.locator("#play").click()
    before = page.locator("#day").input_value()
    expect(page.locator("#day")).not_to_have_value(before)
    page.locator("#play").click()
    expect(page.locator("#play")).to_have_attribute("aria-pressed", "false")


def test_a_bundle_tells_its_order_and_leads_to_its_members(page: Page, planned: Planned) -> None:
    one = planned.compared.bundles[0]
    page.locator("[data-bundle='1']").click()
    popup = page.locator(".leaflet-popup-content")
    expect(popup).to_contain_text(one.bundle_id)
    expect(popup).to_contain_text(one.lead_unit or "")
    steps = popup.locator(".step").all_inner_texts()
    assert steps == [str(member.works_order) for member in one.members]
    expect(page.locator("li.selected [data-bundle='1']")).to_be_visible()
    # A member has a hostile name: it is text.
    popup.locator(".link").first.click()
    expect(popup).to_contain_text("document.title='ran'")
    assert page.title() == "统筹前后对照图"
    table = planned.tables.schedule.set_index("code").loc[one.members[0].code]
    expect(popup.locator("[data-figure=filed]")).to_contain_text(table["filed_start"])
    expect(popup.locator("[data-figure=scheduled]")).to_contain_text(table["start"])
    expect(popup).to_contain_text(table["reason_zh"])


def test_a_click_on_the_map_tells_the_projects_there(page: Page) -> None:
    page.evaluate("digonce.page.open(digonce.page.model.bundles[0])")
    page.evaluate(
        """() => { const m = digonce.page.map, w = digonce.page.model.bundles[0].members[0].project.works[0];
        const r = w.shape.rings[0]; m.closePopup();
        m.fire('click', { latlng: m.unproject(L.point(r[0], r[1]), 0) }); }"""
    )
    expect(page.locator(".leaflet-popup-content .project-part").first).to_be_visible()


def test_layers_and_language(page: Page, planned: Planned) -> None:
    every = counts(page)["works"]
    page.locator("[data-layer=bundles]").click()
    assert counts(page)["bundles"] == 0
    assert counts(page)["works"] < every
    page.locator("[data-lang=en]").click()
    assert page.title() == "Before and after the plan"
    expect(page.locator("[data-plan=filed]")).to_have_text("as filed")
    page.locator("#query").fill(planned.compared.bundles[1].members[0].code)
    page.keyboard.press("Enter")
    expect(page.locator(".leaflet-popup-content")).to_contain_text("as scheduled")


@pytest.mark.parametrize("width", [390, 1280, 1920])
def test_nothing_is_wider_than_the_window_and_it_prints(
    open_page: Callable[..., object], html: str, width: int
) -> None:
    opened = open_page(html, width=width, height=900)
    opened.page.wait_for_selector("body[data-ready=yes]")
    assert opened.page.evaluate("document.documentElement.scrollWidth") <= width
    assert opened.page.evaluate(
        "document.getElementById('range').getBoundingClientRect().right <= window.innerWidth"
    )
    opened.page.emulate_media(media="print")
    assert opened.page.locator("[data-plan=scheduled]").is_visible()
    assert not opened.page.locator("[data-plan=filed]").is_visible()
    assert opened.page.pdf(format="A4", landscape=True).startswith(b"%PDF")
    assert opened.faults == []
