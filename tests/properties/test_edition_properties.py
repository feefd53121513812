"""What holds for any list: order and names of files mean nothing, a permutation is seen."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import box

from coordination.editions import compare
from coordination.list_keys import adopted_codes, evidence, judge_keys
from coordination.project_checks import check_known, known_projects
from coordination.projects import PROJECT_FIELDS, SITE_FIELDS, as_fields
from coordination.quality import Quality, quality

UNITS = ("水务局", "燃气公司", "电力公司")
Listed = tuple[pd.DataFrame, gpd.GeoDataFrame]


@st.composite
def lists(draw: st.DrawFn, least: int = 6) -> Listed:
    """Draw works with distinct names and places; some share units, roads and dates."""
    count = draw(st.integers(least, 14))
    codes = [f"P{number:03d}" for number in range(count)]
    units = draw(st.lists(st.sampled_from(UNITS), min_size=count, max_size=count))
    roads = draw(st.lists(st.sampled_from("甲乙丙"), min_size=count, max_size=count))
    days = draw(st.lists(st.integers(0, 300), min_size=count, max_size=count))
    start = pd.Timestamp("2026-01-01") + pd.to_timedelta(days, unit="D")
    projects = as_fields(
        pd.DataFrame(
            {"code": codes, "owner_unit": units,
             "name": [f"{road}路第{n * 7919}标段" for n, road in enumerate(roads)]}
        ),
        PROJECT_FIELDS,
    )  # fmt: skip
    sites = as_fields(
        pd.DataFrame(
            {"site_id": "1", "road": roads, "start": start, "finish": start + pd.Timedelta(days=9)},
            index=range(count),
        ),
        SITE_FIELDS,
    )
    sites.insert(0, "project_code", codes)
    shapes = [box(200.0 * n, 0, 200.0 * n + 50, 3) for n in range(count)]
    return projects, gpd.GeoDataFrame(sites, geometry=shapes, crs=4549)


@settings(max_examples=5)
@given(lists(), st.integers(0, 1000), st.text(min_size=1, max_size=12))
def test_order_and_file_name_change_nothing(stored: Listed, seed: int, name: str) -> None:
    projects, sites = stored
    now = (projects.sample(frac=1, random_state=seed), sites.sample(frac=1, random_state=seed + 1))
    sources = pd.DataFrame({"project_code": projects["code"], "source_file": "x.csv"})
    edition = compare(*now, *stored, sources=sources, source=name)
    assert edition.counts["unchanged"] == len(projects)
    assert len(edition.table) == len(projects)


@settings(max_examples=5)
@given(lists(), st.data())
def test_an_edition_that_went_in_is_unchanged_and_its_way_there_is_told_once(
    stored: Listed, data: st.DataObject
) -> None:
    projects, sites = stored
    kept = sorted(
        data.draw(st.sets(st.integers(0, len(projects) - 1), min_size=len(projects) // 2))
    )
    moved = data.draw(st.integers(1, 40))
    now = (
        projects.iloc[kept].reset_index(drop=True),
        sites.iloc[kept].assign(start=lambda table: table["start"] + pd.Timedelta(days=moved)),
    )
    sources = pd.DataFrame({"project_code": projects["code"], "source_file": "x.csv"})
    edition = compare(*now, *stored, sources=sources, edition_of="x.csv")
    gone = len(projects) - len(kept)
    assert edition.counts == {
        "new": 0, "renumbered": 0, "moved": len(kept), "changed": 0, "gone": gone, "unchanged": 0,
    }  # fmt: skip
    assert (edition.table["start_moved_days"].dropna() == moved).all()
    again = compare(*now, *now, sources=sources[sources["project_code"].isin(now[0]["code"])])
    assert again.counts["unchanged"] == len(kept)


@settings(max_examples=5)
@given(lists(), st.integers(0, 10_000))
def test_a_random_permutation_of_codes_is_refused_and_the_key_undoes_it(
    stored: Listed, seed: int
) -> None:
    projects, sites = stored
    codes = projects["code"].to_numpy()
    mixed = np.random.default_rng(seed).permutation(codes)
    new = dict(zip(codes, mixed, strict=True))
    now = (
        projects.assign(code=projects["code"].map(new)),
        sites.assign(project_code=sites["project_code"].map(new)),
    )
    kept = int((codes == mixed).sum())
    rows = known_projects(*now).assign(row=range(2, len(codes) + 2))
    faults = check_known(rows, known_projects(*stored), {})
    assert bool(faults) == (kept < len(codes))
    judged = judge_keys(evidence(rows), evidence(known_projects(*stored)))
    assert judged.renumbered == (2 * kept < len(codes))
    if judged.renumbered:
        assert judged.better is not None
        assert (judged.better.key, judged.better.fits) == (("owner_unit", "name"), len(codes))
        assert [fault.code for fault in faults] == ["codes_renumbered_better"]
    else:
        assert len(faults) == len(codes) - kept
    found = adopted_codes(rows, known_projects(*stored), ("owner_unit", "name"))
    assert found.tolist() == codes.tolist()


FIELDS = ("cost_wan", "owner_unit", "start", "finish", "method", "road", "length_m", "area_m2")
VALUES = {
    "cost_wan": 5.0, "owner_unit": "水务局", "start": pd.Timestamp("2026-01-01"),
    "finish": pd.Timestamp("2026-02-01"), "method": "open_cut", "road": "甲路", "length_m": 7.0,
    "area_m2": 9000.0,
}  # fmt: skip


def judged(given: set[str], inferred: set[str], confirmed: set[str], *, drawn: bool) -> Quality:
    values = {name: [VALUES[name]] for name in FIELDS if name in given}
    projects = as_fields(pd.DataFrame({"code": ["A"]} | values), PROJECT_FIELDS)
    sites = as_fields(pd.DataFrame({"site_id": ["1"]} | values), SITE_FIELDS)
    sites.insert(0, "project_code", ["A"])
    sites["footprint_source"] = "polygon"
    sites["inferred"], sites["confirmed"] = " ".join(inferred), " ".join(confirmed)
    shape = box(0, 0, 100, 4) if drawn else None
    return quality(projects, gpd.GeoDataFrame(sites, geometry=[shape], crs=4549))


@settings(max_examples=10)
@given(
    st.sets(st.sampled_from(FIELDS)),
    st.sets(st.sampled_from([*FIELDS, "geometry"])),
    st.sets(st.sampled_from([*FIELDS, "geometry"])),
    st.booleans(),
    st.sampled_from([*FIELDS, "geometry"]),
)
def test_giving_more_or_confirming_never_lowers_the_score(
    given: set[str], inferred: set[str], confirmed: set[str], drawn: bool, more: str
) -> None:
    before = judged(given, inferred, confirmed, drawn=drawn).score
    after = (
        judged(given, inferred, confirmed, drawn=True)
        if more == "geometry"
        else judged(given | {more}, inferred, confirmed, drawn=drawn)
    )
    assert 0.0 <= before <= after.score + 1e-9 <= 100.0 + 1e-6
    assert judged(given, inferred, confirmed | {more}, drawn=drawn).score >= before - 1e-9
    assert judged(given, inferred - {more}, confirmed, drawn=drawn).score >= before - 1e-9
