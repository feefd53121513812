from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from types import ModuleType
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from coordination import formats
from coordination.city import City
from coordination.findings import Findings
from maps.conflict_map import conflict_map

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser

HOSTILE = (
    "</script><script>document.title='ran'</script><img src=x onerror=\"document.title='ran'\">"
)


@pytest.fixture(scope="module")
def town(small_town: ModuleType) -> tuple[City, Findings]:
    return small_town.small_town(80, seed=5)


@pytest.fixture(scope="module")
def html(small_town: ModuleType, town: tuple[City, Findings]) -> str:
    return conflict_map(*town, provenance=small_town.PROVENANCE)


@pytest.fixture
def page(open_page: Callable[..., object], html: str) -> Page:
    """Return the ready map; a fault of the page while a test runs fails that test."""
    opened = open_page(html)
    opened.page.wait_for_selector("body[data-ready=yes]")
    yield opened.page
    assert opened.faults == []
    assert [url for url in opened.requests if not url.startswith(("file:", "data:", "blob:"))] == []


def counts(page: Page) -> dict:
    return page.evaluate("digonce.page.counts()")


def painted(page: Page) -> int:
    """Return how many pixels of the works are not transparent."""
    return page.evaluate(
        """() => { const c = document.querySelector('.leaflet-works-pane canvas');
        const copy = document.createElement('canvas'); copy.width = c.width; copy.height = c.height;
        const ctx = copy.getContext('2d', { willReadFrequently: true }); ctx.drawImage(c, 0, 0);
        const d = ctx.getImageData(0, 0, c.width, c.height).data;
        let n = 0; for (let i = 3; i < d.length; i += 4) { if (d[i]) { n++; } } return n; }"""
    )


def switch(page: Page, layer: str) -> None:
    page.locator(f'[data-layer="{layer}"]').click()


def slide(page: Page, handle: str, day: str) -> None:
    page.evaluate(
        """([id, day]) => { const i = document.getElementById(id);
        i.value = Math.round(Date.parse(day) / 864e5); i.dispatchEvent(new Event('input')); }""",
        [handle, day],
    )


def test_it_opens_without_a_network_and_shows_everything(
    page: Page, town: tuple[City, Findings]
) -> None:
    city, findings = town
    shown = counts(page)
    assert shown["projects"] == 80
    assert shown["sites"] == len(city.sites)
    assert shown["findings"] == len(findings.table)
    assert shown["hotspots"] == len(findings.hotspots)
    assert painted(page) > 1000
    assert page.title() == "道路作业统筹图"
    head = page.locator("#subtitle").inner_text()
    for stated in ("2026-03-01", "7", "default-1", "0.1.0", "09:00:00+08:00"):
        assert stated in head


def test_layers_by_sector_and_by_rule_hide_and_show(
    page: Page, town: tuple[City, Findings]
) -> None:
    city, findings = town
    all_painted = painted(page)
    drainage = int((city.projects["sector"] == "drainage").sum())
    assert drainage > 0
    switch(page, "sector:drainage")
    assert counts(page)["projects"] == 80 - drainage
    assert 0 < painted(page) < all_painted
    switch(page, "sector:drainage")
    assert counts(page)["projects"] == 80

    repeats = int((findings.table["rule"] == "repeat_excavation").sum())
    assert repeats > 0
    switch(page, "rule:repeat_excavation")
    assert counts(page)["findings"] == len(findings.table) - repeats
    switch(page, "severity:high")
    rest = findings.table[
        (findings.table["rule"] != "repeat_excavation") & (findings.table["severity"] != "high")
    ]
    assert counts(page)["findings"] == len(rest)
    switch(page, "hotspots")
    assert counts(page)["hotspots"] == 0


def test_the_period_filter_leaves_what_meets_it(page: Page, town: tuple[City, Findings]) -> None:
    city, findings = town
    slide(page, "from", "2026-02-10")
    slide(page, "to", "2026-03-20")
    sites = city.sites[
        (city.sites["start"] <= "2026-03-20") & (city.sites["finish"] >= "2026-02-10")
    ]
    table = findings.table
    left = table[(table["start"] <= "2026-03-20") & (table["finish"] >= "2026-02-10")]
    assert 0 < len(sites) < len(city.sites)
    assert counts(page)["sites"] == len(sites)
    assert counts(page)["projects"] == sites["project_code"].nunique()
    assert counts(page)["findings"] == len(left)
    assert "2026-02-10 ~ 2026-03-20" in page.locator("#range").inner_text()


def test_the_slider_works_from_the_keyboard_and_its_handles_never_cross(page: Page) -> None:
    page.locator("#from").focus()
    first = int(page.locator("#from").input_value())
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    assert int(page.locator("#from").input_value()) == first + 2
    slide(page, "to", "2025-06-01")
    slide(page, "from", "2026-06-01")
    assert page.locator("#from").input_value() == page.locator("#to").input_value()


def test_playing_moves_the_window_on(page: Page) -> None:
    page.locator("#play").click()
    before = page.locator("#from").input_value()
    expect(page.locator("#from")).not_to_have_value(before)
    page.locator("#play").click()
    still = page.locator("#from").input_value()
    page.wait_for_timeout(500)
    assert page.locator("#from").input_value() == still


def test_search_finds_a_project_zooms_and_opens_its_popup(
    page: Page, town: tuple[City, Findings]
) -> None:
    city, _ = town
    zoom = page.evaluate("digonce.page.map.getZoom()")
    page.fill("#query", "jd2026-0042")
    assert page.locator("#hits li").count() == 1
    page.keyboard.press("Enter")
    popup = page.locator(".leaflet-popup .popup.project")
    assert popup.locator("h2").inner_text() == city.projects["name"].iloc[42]
    assert popup.locator(".kicker").inner_text() == "JD2026-0042"
    assert page.evaluate("digonce.page.map.getZoom()") > zoom
    own = city.sites[city.sites["project_code"] == "JD2026-0042"]
    window = popup.locator("[data-figure=window]").inner_text()
    assert window == f"{own['start'].min():%Y-%m-%d} – {own['finish'].max():%Y-%m-%d}"


def test_search_finds_a_road_and_says_when_there_is_nothing(
    page: Page, town: tuple[City, Findings]
) -> None:
    road = town[0].sites["road"].iloc[0]
    page.fill("#query", road)
    page.locator("#hits li").first.click()
    assert page.locator(".popup.road h2").inner_text() == road
    page.fill("#query", "没有这条路")
    assert page.locator("#hits").inner_text() == "没有找到"


def test_what_a_filter_hides_comes_back_when_it_is_asked_for(page: Page) -> None:
    sector = page.evaluate("digonce.sectors[digonce.page.model.projects[42].sector]")
    switch(page, f"sector:{sector}")
    page.fill("#query", "JD2026-0042")
    page.keyboard.press("Enter")
    assert page.locator(f'[data-layer="sector:{sector}"]').is_checked()
    assert page.locator(".popup.project").is_visible()


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_popup_of_a_finding_has_the_figures_of_the_report(
    page: Page, town: tuple[City, Findings], lang: str
) -> None:
    one = town[1].table.iloc[0]
    page.locator(f"[data-lang={lang}]").click()
    page.evaluate("digonce.page.open(digonce.page.model.findings[0])")
    popup = page.locator(".popup.finding")

    def figure(name: str) -> str:
        return popup.locator(f"[data-figure={name}]").inner_text()

    assert popup.locator(".reason").inner_text() == one[f"reason_{lang}"]
    assert figure("shared_length_m") == formats.metres(one["shared_length_m"], lang)
    assert figure("shared_area_m2") == formats.square_metres(one["shared_area_m2"], lang)
    assert one["distance_m"] == 0, "a zero says nothing: the report leaves it out too"
    assert popup.locator("[data-figure=distance_m]").count() == 0
    assert figure("gap_days") == formats.days(one["gap_days"], lang)
    assert one["overlap_days"] == 0
    assert popup.locator("[data-figure=overlap_days]").count() == 0
    assert figure("likelihood") == formats.percent(one["likelihood"])
    assert figure("period") == formats.period(one["start"], one["finish"], lang)
    assert figure("saving").startswith(formats.wan_range(1.25, 2.5, 3.75, lang))
    assert figure("legal_basis") == one["legal_basis"]
    chainage = f"{formats.chainage(one['from_m'])}–{formats.chainage(one['to_m'])}"
    assert chainage in figure("place")
    assert one["project_a"] in figure("project_a")
    assert one["finding_id"] in popup.inner_text()

    popup.locator("[data-figure=project_a] button").click()
    assert page.locator(".popup.project .kicker").inner_text() == one["project_a"]


def test_the_legend_never_lies_over_a_popup(page: Page) -> None:
    page.set_viewport_size({"width": 1100, "height": 760})
    for number in range(0, 12, 3):
        page.evaluate("n => digonce.page.open(digonce.page.model.findings[n])", number)
        page.wait_for_timeout(400)  # the map glides until the popup has room
        legend = page.locator("#legend").bounding_box()
        reason = page.locator(".popup.finding .reason").bounding_box()
        assert reason["x"] >= legend["x"] + legend["width"]


def test_every_sentence_is_the_one_of_the_finding(page: Page, town: tuple[City, Findings]) -> None:
    for lang in ("zh", "en"):
        page.locator(f"[data-lang={lang}]").click()
        read = page.evaluate(
            """() => digonce.page.model.findings.map((f) => digonce.popupContent([f],
            digonce.page.model, () => {}, () => true).querySelector('.reason').textContent)"""
        )
        assert read == list(town[1].table[f"reason_{lang}"])


def test_a_click_on_the_map_opens_what_lies_there(page: Page) -> None:
    page.evaluate(
        """() => { const p = digonce.page, f = p.model.findings[0];
        p.open(f); p.map.closePopup(); }"""
    )
    page.locator(".leaflet-popup").wait_for(state="detached")
    spot = page.evaluate(
        """() => { const m = digonce.page.map, f = digonce.page.model.findings[0];
        const at = m.latLngToContainerPoint(m.unproject(L.point(f.mark[0], f.mark[1]), 0));
        const box = m.getContainer().getBoundingClientRect();
        return [box.left + at.x, box.top + at.y]; }"""
    )
    page.mouse.click(*spot)
    assert page.locator(".popup.finding").is_visible()
    assert page.evaluate("digonce.page.state.selected.kind") == "finding"


def test_a_case_in_the_list_opens_its_findings_and_is_marked(page: Page) -> None:
    card = page.locator("#panel-cases .card").nth(1)
    number = card.get_attribute("data-case")
    card.click()
    assert page.locator(".popup.finding").is_visible()
    assert page.locator("#panel-cases .selected [data-case]").get_attribute("data-case") == number
    page.keyboard.press("Escape")


def test_the_pager_goes_through_the_findings_of_a_case(page: Page) -> None:
    number = page.evaluate("digonce.page.model.cases.findIndex((c) => c.findings.length > 1) + 1")
    page.locator(f'[data-case="{number}"]').click()
    first = page.locator(".popup .identity").inner_text()
    page.locator(".pager .page").last.click()
    assert page.locator(".popup .identity").inner_text() != first
    page.locator(".pager .page").first.click()
    assert page.locator(".popup .identity").inner_text() == first


def test_the_language_changes_everywhere_and_keeps_what_is_open(page: Page) -> None:
    page.locator("#panel-cases .card").first.click()
    page.locator("[data-lang=en]").click()
    assert page.title() == "Road works coordination map"
    assert page.locator("html").get_attribute("lang") == "en"
    assert "Repeat" in page.content() or "repeat excavation" in page.content()
    assert page.locator(".popup.finding").is_visible()
    shown = page.locator("#tabs, #legend, #period, #subtitle").all_inner_texts()
    assert not any("\u4e00" <= mark <= "\u9fff" for text in shown for mark in text)
    page.locator("[data-lang=zh]").click()
    assert page.title() == "道路作业统筹图"


def test_the_rules_that_ran_and_those_that_did_not(page: Page) -> None:
    page.locator("[data-tab=rules]").click()
    assert "ran" in page.locator("[data-rule=repeat_excavation]").get_attribute("class").split()
    missing = page.locator("[data-rule=no_dig_period]")
    assert "not-ran" in missing.get_attribute("class").split()
    assert "道路履历" in missing.inner_text()


def test_hot_spots_are_listed_and_open(page: Page, town: tuple[City, Findings]) -> None:
    page.locator("[data-tab=hotspots]").click()
    cards = page.locator("#panel-hotspots .card")
    assert cards.count() == len(town[1].hotspots)
    cards.first.click()
    worst = town[1].hotspots.iloc[0]
    popup = page.locator(".popup.hotspot")
    assert popup.locator("[data-figure=openings_60m]").inner_text() == f"{worst['openings_60m']} 次"
    assert popup.locator("[data-figure=metres_opened]").inner_text() == formats.metres(
        worst["metres_opened"], "zh"
    )


def test_no_name_runs_as_script(
    open_page: Callable[..., object], small_town: ModuleType, town: tuple[City, Findings]
) -> None:
    city, findings = town
    projects = city.projects.assign(name=HOSTILE, name_en=HOSTILE, owner_unit=HOSTILE, town=HOSTILE)
    sites = city.sites.assign(road=HOSTILE, extent_text=HOSTILE)
    table = findings.table.assign(
        road=HOSTILE, reason_zh=HOSTILE, reason_en=HOSTILE, legal_basis=HOSTILE, case_id=HOSTILE,
        place=HOSTILE, severity_steps=HOSTILE, coordinated=HOSTILE, status=HOSTILE,
    )  # fmt: skip
    network = replace(
        city.network, sections=city.network.sections.assign(road=HOSTILE, section_id=HOSTILE)
    )
    html = conflict_map(
        replace(city, projects=projects, sites=sites, network=network),
        replace(findings, table=table, hotspots=findings.hotspots.assign(road=HOSTILE)),
        provenance=replace(small_town.PROVENANCE, policy_version=HOSTILE),
    )
    opened = open_page(html)
    page = opened.page
    page.wait_for_selector("body[data-ready=yes]")
    page.evaluate("digonce.page.open(digonce.page.model.findings[0])")
    assert HOSTILE in page.locator(".popup.finding").inner_text()
    page.evaluate("digonce.page.open(digonce.page.model.projects[0])")
    assert HOSTILE in page.locator(".popup.project").inner_text()
    page.fill("#query", "onerror")
    page.locator("#hits li").first.click()
    page.locator("[data-tab=hotspots]").click()
    page.locator("#panel-hotspots .card").first.click()
    page.locator("[data-lang=en]").click()
    box = page.locator(".folium-map").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    assert page.title() == "Road works coordination map"
    assert page.locator("img").count() == 0
    assert opened.faults == []


def test_a_script_that_slips_into_the_page_is_stopped(
    open_page: Callable[..., object], html: str
) -> None:
    opened = open_page(html.replace("</body>", "<script>document.title='ran'</script></body>"))
    opened.page.wait_for_selector("body[data-ready=yes]")
    assert opened.page.title() == "道路作业统筹图"
    assert any("Content Security Policy" in fault for fault in opened.faults)


def test_a_town_without_network_or_findings_opens(
    open_page: Callable[..., object], small_town: ModuleType, town: tuple[City, Findings]
) -> None:
    city, findings = town
    nothing = replace(
        findings,
        table=findings.table.iloc[:0],
        spans=findings.spans.iloc[:0],
        hotspots=findings.hotspots.iloc[:0],
        rules_run=(),
    )
    opened = open_page(
        conflict_map(
            replace(city, network=None),
            nothing,
            provenance=replace(small_town.PROVENANCE, place_basis="footprints"),
        )
    )
    opened.page.wait_for_selector("body[data-ready=yes]")
    assert opened.page.locator("#panel-cases").inner_text() == "当前筛选下没有需要统筹的事项"
    assert counts(opened.page)["projects"] == 80
    assert opened.faults == []


def test_a_narrow_screen_keeps_map_and_controls_in_view(
    open_page: Callable[..., object], html: str
) -> None:
    page = open_page(html, width=1024, height=700).page
    page.wait_for_selector("body[data-ready=yes]")
    for part in ("#head", "#side", ".folium-map", "#period", "#range"):
        box = page.locator(part).bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 1024.5
        assert box["y"] + box["height"] <= 700.5


def test_the_worst_cases_carry_their_number_in_the_list_and_on_the_map(page: Page) -> None:
    marks = page.evaluate("digonce.page.state.marks.map((m) => [m.c.number, m.number])")
    assert marks, "no case has a mark"
    assert marks == [[case, case if case <= 10 else None] for case, _ in marks]


def test_a_phone_has_the_map_the_period_and_the_list_below_one_another(page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.reload()
    page.wait_for_selector("body[data-ready=yes]")
    boxes = [page.locator(at).bounding_box() for at in ("#head", ".folium-map", "#period", "#side")]
    assert all(box["x"] >= 0 and box["x"] + box["width"] <= 390 for box in boxes)
    assert [box["y"] for box in boxes] == sorted(box["y"] for box in boxes)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert page.locator("#legend-body").is_hidden()
    page.locator("#panel-cases .card").first.click()
    assert page.locator(".leaflet-popup").bounding_box()["x"] >= 0


def test_the_buttons_of_the_map_are_named_in_its_language(page: Page) -> None:
    page.locator("#panel-cases .card").first.click()
    for lang, names in (("zh", ["放大", "关闭"]), ("en", ["Zoom in", "Close"])):
        page.locator(f"[data-lang={lang}]").click()
        named = [".leaflet-control-zoom-in", ".leaflet-popup-close-button"]
        assert [page.locator(at).get_attribute("aria-label") for at in named] == names


def test_nothing_is_cleared_by_drawing_which_on_paper_wipes_out_the_sheets_below(
    page: Page,
) -> None:
    page.evaluate(
        """() => { window.cleared = 0; const clear = CanvasRenderingContext2D.prototype.clearRect;
        CanvasRenderingContext2D.prototype.clearRect = function (...box) {
          window.cleared += 1; return clear.apply(this, box); }; }"""
    )
    switch(page, "hotspots")
    page.locator(".leaflet-control-zoom-in").click()
    page.wait_for_timeout(400)
    assert painted(page) > 0
    assert page.evaluate("window.cleared") == 0
