from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pytest

from coordination import formats
from coordination.audience import COORDINATOR
from coordination.city import City
from coordination.findings import Findings
from maps import conflict_map as page
from maps.conflict_map import SCRIPTS, conflict_map
from maps.layers import FIGURES, ZERO_HIDDEN

STATIC = Path(page.__file__).parent / "static"


def data_of(html: str) -> dict:
    found = re.search(r'<script type="application/json" id="digonce-data">(.*?)</script>', html)
    assert found is not None
    return json.loads(found[1])


@pytest.fixture(scope="module")
def town(small_town: ModuleType) -> tuple[City, Findings]:
    return small_town.small_town(60, seed=3)


@pytest.fixture(scope="module")
def html(small_town: ModuleType, town: tuple[City, Findings]) -> str:
    return conflict_map(*town, provenance=small_town.PROVENANCE)


def at(column: dict, row: int, lang: str) -> str | None:
    code = column["codes"][row]
    return None if code < 0 else column[lang][code]


def test_no_address_but_the_name_of_a_namespace(html: str) -> None:
    assert set(re.findall(r"\w+://[^\s\"'<>)]*", html)) == {"http://www.w3.org/2000/svg"}
    assert not re.findall(r"""(?:src|href)\s*=\s*["'](?!data:|leafletjs\.com|#)[^"']""", html)


def test_equal_input_gives_equal_bytes_apart_from_the_time_of_the_run(
    small_town: ModuleType, town: tuple[City, Findings], html: str
) -> None:
    assert conflict_map(*town, provenance=small_town.PROVENANCE) == html
    later = conflict_map(
        *town, provenance=replace(small_town.PROVENANCE, run_at="2027-01-01T00:00:00+08:00")
    )
    assert later != html
    assert later.replace("2027-01-01T00:00:00+08:00", small_town.PROVENANCE.run_at) == html


def test_every_project_site_finding_and_hot_spot_is_in_the_page(
    town: tuple[City, Findings], html: str
) -> None:
    city, findings = town
    data = data_of(html)
    assert data["projects"]["code"] == list(city.projects["code"])
    assert len(data["sites"]["project"]) == len(city.sites)
    assert data["findings"]["finding_id"] == list(findings.table["finding_id"])
    assert sum(data["findings"]["shape"]["rings"]) >= len(findings.table)
    assert len(data["hotspots"]["openings_60m"]) == len(findings.hotspots)
    assert len(data["roads"]["road_class"]) == len(city.network.sections)
    assert len(data["rules"]) == 6


def test_figures_are_written_as_in_the_report(town: tuple[City, Findings], html: str) -> None:
    table = town[1].table
    found = data_of(html)["findings"]
    for row in range(len(table)):
        one = table.iloc[row]
        for lang in ("zh", "en"):
            # A zero says nothing: the report leaves it out too.
            for name, written in FIGURES.items():
                zero = name in ZERO_HIDDEN and one[name] == 0
                assert at(found[name], row, lang) == (None if zero else written(one[name], lang))
            assert at(found["period"], row, lang) == formats.period(
                one["start"], one["finish"], lang
            )
            assert at(found["saving"], row, lang) == formats.wan_range(1.25, 2.5, 3.75, lang)


def test_contacts_stay_out(html: str) -> None:
    assert "13800000000" not in html
    assert "张三" not in html


@pytest.mark.parametrize(
    "name",
    ["</script><script>alert(1)</script>", "<img src=x onerror=alert(1)>", "a\u2028b", "\"'`${x}{{y}}", "{{ 7*7 }} {{{ 7*7 }}} {% raw %} {# no #} {% endraw %}", "城中路 & 和政路"],
)  # fmt: skip
def test_a_name_is_data_whatever_it_says(
    small_town: ModuleType, town: tuple[City, Findings], html: str, name: str
) -> None:
    city, findings = town
    projects = city.projects.copy()
    projects.loc[0, ["name", "owner_unit"]] = name
    sites = city.sites.copy()
    sites.loc[0, "road"] = name
    hostile = conflict_map(
        replace(city, projects=projects, sites=sites), findings, provenance=small_town.PROVENANCE
    )
    assert hostile.count("<script") == html.count("<script")
    assert hostile.count("<img") == html.count("<img")
    data = data_of(hostile)
    assert data["projects"]["name"][0] == name
    assert name in data["sites"]["road"]["values"]


def test_of_a_confidential_project_only_road_and_quarter_are_told(
    small_town: ModuleType, town: tuple[City, Findings]
) -> None:
    city, findings = town
    code = findings.table["project_a"].iloc[0]
    projects = city.projects.copy()
    own = projects["code"] == code
    projects.loc[own, "confidential"] = True
    projects.loc[own, ["name", "owner_unit"]] = ["绝密工程", "绝密单位"]
    secret = replace(city, projects=projects)
    html = conflict_map(secret, findings, provenance=small_town.PROVENANCE)
    assert code not in html
    assert "绝密" not in html
    assert findings.table["finding_id"].iloc[0] not in html
    data = data_of(html)
    assert len(data["projects"]["code"]) == len(projects) - 1
    assert len(data["findings"]["rule"]["codes"]) == len(findings.table)
    row = data["findings"]["veiled"].index(1)
    assert data["findings"]["shared_area_m2"]["codes"][row] == -1
    assert data["findings"]["saving"]["codes"][row] == -1
    first = np.datetime64("1970-01-01") + np.array(data["findings"]["start"][row])
    assert pd.Timestamp(first).is_quarter_start
    road = data["findings"]["road"]["values"][data["findings"]["road"]["codes"][row]]
    sections = (city.network.sections["road"] == road).sum()
    assert data["findings"]["shape"]["rings"][row] == sections
    days = [day for day in data["veiled"]["start"] if day is not None]
    assert days
    assert all(pd.Timestamp(day, unit="D").is_quarter_start for day in days)

    seen = conflict_map(secret, findings, provenance=small_town.PROVENANCE, audience=COORDINATOR)
    assert "绝密工程" in seen


def test_findings_that_are_no_longer_detected_are_left_out(
    small_town: ModuleType, town: tuple[City, Findings]
) -> None:
    city, findings = town
    table = findings.table.copy()
    table.loc[0, "status"] = "cleared"
    data = data_of(
        conflict_map(city, replace(findings, table=table), provenance=small_town.PROVENANCE)
    )
    assert data["findings"]["finding_id"] == list(table["finding_id"].iloc[1:])
    assert min(data["spans"]["finding"]) == 0


def test_a_city_without_network_findings_or_places_still_makes_a_page(
    small_town: ModuleType, town: tuple[City, Findings]
) -> None:
    city, findings = town
    bare = replace(city, network=None, sites=city.sites.assign(geometry=None).set_crs(4549))
    nothing = replace(
        findings,
        table=findings.table.iloc[:0],
        spans=findings.spans.iloc[:0],
        hotspots=findings.hotspots.iloc[:0],
    )
    data = data_of(conflict_map(bare, nothing, provenance=small_town.PROVENANCE, lang="en"))
    assert data["roads"] is None
    assert data["cases"]["case_id"] == []
    assert data["lang"] == "en"


def test_every_word_that_the_scripts_say_is_in_both_catalogues(html: str) -> None:
    words = data_of(html)["words"]
    assert words["zh"].keys() == words["en"].keys()
    scripts = "".join((STATIC / name).read_text(encoding="utf-8") for name in SCRIPTS)
    markup = (STATIC / "conflict_map.html").read_text(encoding="utf-8")
    said = set(re.findall(r'say\("([\w.]+)"[,)]', scripts))
    said |= set(re.findall(r'data-word(?:-label|-placeholder)?="(\w+)"', markup))
    assert len(said) > 50
    assert said - words["zh"].keys() == set()


def test_the_scripts_put_text_in_as_text() -> None:
    for path in STATIC.glob("*.js"):
        text = path.read_text(encoding="utf-8")
        assert not re.findall(
            r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function", text
        ), path
