"""The popup of every rule, opened by a click on the map in the planted city of the rule's page."""

from __future__ import annotations

import importlib.util
import re
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import geopandas as gpd
import pytest
import shapely

from coordination.detection import RULE_CODES
from coordination.rule_policy import RestrictedPeriodRow, RestrictedPolicy
from coordination.wording import LANGUAGES, table
from maps.conflict_map import conflict_map

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser

_NOTHING = re.compile(
    r"undefined|\bnan\b|\bNaN\b|\bNone\b|\bNaT\b|\bnull\b|\[object|[{}\ufdd0-\ufdef\ufffd]"
)


@pytest.fixture(scope="module")
def rule_situations() -> ModuleType:
    """Return the planted cities of the rules' pages (folders below tests are no packages)."""
    name = "rule_situations"
    if name not in sys.modules:
        path = Path(__file__).parent.parent / "docs" / f"{name}.py"
        spec = importlib.util.spec_from_file_location(name, path)
        assert spec is not None
        assert spec.loader is not None
        sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[name])
    return sys.modules[name]


def spot_of(page: Page, number: int) -> list[float]:
    """Return where on the screen the mark of a finding lies."""
    spot: list[float] = page.evaluate(
        """(number) => { const m = digonce.page.map, f = digonce.page.model.findings[number];
        const at = m.latLngToContainerPoint(m.unproject(L.point(f.mark[0], f.mark[1]), 0));
        const box = m.getContainer().getBoundingClientRect();
        return [box.left + at.x, box.top + at.y]; }""",
        number,
    )
    return spot


@pytest.mark.parametrize("code", RULE_CODES)
def test_the_popup_of_a_rule_says_its_sentence_in_both_languages(
    open_page: Callable[..., object],
    small_town: ModuleType,
    rule_situations: ModuleType,
    code: str,
) -> None:
    made = rule_situations.SITUATIONS[code]()
    found = rule_situations.judged(made.found, code)
    html = conflict_map(
        made.found.city, found, provenance=small_town.PROVENANCE, policy=made.found.policy
    )
    opened = open_page(html)
    page = opened.page
    page.wait_for_selector("body[data-ready=yes]")
    first = found.table.iloc[0]
    page.mouse.click(*spot_of(page, 0))
    popup = page.locator(".popup.finding")
    for lang in LANGUAGES:
        page.locator(f"[data-lang={lang}]").click()
        assert popup.locator(".reason").inner_text() == first[f"reason_{lang}"]
        title = popup.locator("h2").inner_text().casefold()
        assert title.startswith(table("labels.rule", lang)[code].casefold())
        told = popup.inner_text()
        assert _NOTHING.search(told) is None, told
        second = popup.locator("[data-figure=project_b]")
        assert second.count() == (made.pair[1] is not None)
        if first["kind_b"] in {"restriction", "asset", "zone"}:
            assert second.inner_text() != made.pair[1], "an id is no name"
            assert ("项目乙" in told or "Project B" in told) is False
    assert opened.faults == []


def test_a_period_without_a_drawn_area_shows_its_roads_its_town_or_that_it_holds_everywhere(
    open_page: Callable[..., object], small_town: ModuleType, rule_situations: ModuleType
) -> None:
    made = rule_situations.SITUATIONS["volume_cap"]()
    rows = (
        RestrictedPeriodRow(id="1", name="马拉松", road="乙路", start="2026-04-10", finish="2026-04-12"),
        RestrictedPeriodRow(id="2", name="汽车节", town="安亭镇", start="2026-09-01", finish="2026-09-05"),
        RestrictedPeriodRow(id="3", name="春运", start="01-20", finish="02-28", recurs="yearly"),
        RestrictedPeriodRow(id="4", name="庙会", road="没有这条路"),
    )  # fmt: skip
    policy = replace(made.found.policy, restricted=RestrictedPolicy(periods=rows))
    html = conflict_map(
        made.found.city, rule_situations.judged(made.found, "volume_cap"),
        provenance=small_town.PROVENANCE, policy=policy,
    )  # fmt: skip
    opened = open_page(html)
    page = opened.page
    page.wait_for_selector("body[data-ready=yes]")
    assert page.locator(".unplaced").all_inner_texts() == [
        "春运\n每年 01-20 至 02-28", "庙会\n没有这条路 · 长期有效",
    ]  # fmt: skip

    def popup_at(x_m: float, y_m: float) -> str:
        """Click on a place of the town, in metres."""
        place = gpd.GeoSeries([shapely.Point(x_m, y_m)], crs=4549).to_crs(4326)[0]
        spot = page.evaluate(
            """([lon, lat]) => { const m = digonce.page.map; m.closePopup();
            m.setView([lat, lon], 18, { animate: false });
            const at = m.latLngToContainerPoint([lat, lon]);
            const box = m.getContainer().getBoundingClientRect();
            return [box.left + at.x, box.top + at.y]; }""",
            [place.x, place.y],
        )
        page.mouse.click(*spot)
        return str(page.locator(".popup.restriction").inner_text())

    assert popup_at(300, 100).splitlines()[:2] == ["保障期", "马拉松"]
    told = popup_at(100, -20)
    assert "汽车节" in told
    assert "安亭镇" in told
    assert "2026-09-01 至 2026-09-05" in told
    page.locator("[data-lang=en]").click()
    assert "2026-09-01 to 2026-09-05" in page.locator(".popup.restriction").inner_text()
    page.locator('[data-layer="base_restrictions"]').click()
    assert opened.faults == []
