"""A new edition of a list beside the store."""

from __future__ import annotations

from datetime import date

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely.geometry import box

from coordination.edition_answers import (
    MOST_ASKED,
    absent_answers,
    answered_apart,
    answered_codes,
    edition_questions,
)
from coordination.editions import Edition, compare
from coordination.list_keys import KeyFit
from coordination.project_checks import check_known, known_projects
from coordination.projects import PROJECT_FIELDS, SITE_FIELDS, as_fields

Listed = tuple[pd.DataFrame, gpd.GeoDataFrame]
ROADS = ("甲路", "乙路", "丙路", "丁路", "戊路", "己路", "庚路", "辛路")


def listed(count: int = 8, *, generic: bool = False, drawn: bool = True) -> Listed:
    """Return works on as many roads, each 1 km from the next; ``generic`` ones are all called alike."""
    codes = [f"P{number}" for number in range(count)]
    roads = [ROADS[number % len(ROADS)] + "东" * (number // len(ROADS)) for number in range(count)]
    names = ["管线维修" if generic else f"{road}雨水管翻排" for road in roads]
    projects = as_fields(
        pd.DataFrame(
            {"code": codes, "name": names, "cost_wan": 10.0, "stage": "annual_plan",
             "owner_unit": "燃气公司" if generic else [f"单位{n % 3}" for n in range(count)]}
        ),
        PROJECT_FIELDS,
    )  # fmt: skip
    sites = as_fields(
        pd.DataFrame(
            {"site_id": "1", "road": None if generic else roads,
             "start": pd.Timestamp("2026-03-01"), "finish": pd.Timestamp("2026-05-01")},
            index=range(count),
        ),
        SITE_FIELDS,
    )  # fmt: skip
    sites.insert(0, "project_code", codes)
    shapes = [box(1000.0 * n, 0, 1000.0 * n + 100, 4) if drawn else None for n in range(count)]
    return projects, gpd.GeoDataFrame(sites, geometry=shapes, crs=4549)


def recoded(now: Listed, codes: dict[str, str]) -> Listed:
    projects, sites = now
    return (
        projects.assign(code=projects["code"].map(lambda code: codes.get(code, code))),
        sites.assign(project_code=sites["project_code"].map(lambda code: codes.get(code, code))),
    )


def filed(stored: Listed, name: str = "2025.xlsx") -> pd.DataFrame:
    return pd.DataFrame({"project_code": stored[0]["code"], "source_file": name})


def told(now: Listed, stored: Listed, **more: object) -> Edition:
    return compare(*now, *stored, sources=filed(stored), **more)  # type: ignore[arg-type]


def statuses(edition: Edition) -> dict[str, str]:
    return dict(zip(edition.table["code"], edition.table["status"], strict=True))


def row_of(edition: Edition, code: str) -> dict[str, object]:
    rows = edition.table[edition.table["code"] == code].to_dict("records")
    return {str(name): value for name, value in rows[0].items()}


def test_the_same_list_is_unchanged_in_any_order_and_under_any_name() -> None:
    stored = listed()
    projects, sites = stored
    shuffled = (projects.sample(frac=1, random_state=3), sites.sample(frac=1, random_state=4))
    edition = told(shuffled, stored, source="2026 final.xlsx")
    assert edition.counts == {
        "new": 0, "renumbered": 0, "moved": 0, "changed": 0, "gone": 0, "unchanged": 8,
    }  # fmt: skip
    assert edition.continues == ("2025.xlsx",)


def test_the_order_of_a_projects_sites_means_nothing() -> None:
    projects, sites = listed(2)
    sites["project_code"] = "P0"
    stored = (projects.head(1), sites)
    turned = sites.iloc[::-1].assign(site_id=["1", "2"])
    assert told((projects.head(1), turned), stored).counts["unchanged"] == 1


def test_new_gone_moved_and_changed_are_told_apart() -> None:
    stored = listed()
    projects, sites = (table.copy() for table in listed())
    sites.loc[1, "start"] = pd.Timestamp("2026-03-11")
    sites.loc[2, "geometry"] = box(2030.0, 0, 2130, 4)
    projects.loc[3, "cost_wan"] = 12.5
    sites.loc[4, "finish"] = pd.Timestamp("2026-04-30")
    projects.loc[4, "remark"] = "夜间施工"
    projects.loc[7, "code"], sites.loc[7, "project_code"] = "P70", "P70"
    projects.loc[7, "name"], sites.loc[7, "road"] = "壬路大修", "壬路"
    sites.loc[7, "geometry"] = box(0, 90_000, 100, 90_004)
    edition = told((projects, sites), stored)
    assert statuses(edition) == {
        "P0": "unchanged", "P1": "moved", "P2": "moved", "P3": "changed", "P4": "moved",
        "P5": "unchanged", "P6": "unchanged", "P70": "new", "P7": "gone",
    }  # fmt: skip
    assert row_of(edition, "P1")["start_moved_days"] == 10.0
    assert row_of(edition, "P2")["place_moved_m"] == pytest.approx(30.0)
    assert row_of(edition, "P2")["place_shared"] == pytest.approx(70 / 130)
    assert row_of(edition, "P3")["fields"] == "cost_wan"
    assert (row_of(edition, "P4")["finish_moved_days"], row_of(edition, "P4")["fields"]) == (
        -1.0,
        "remark",
    )
    words = dict(zip(edition.table["code"], edition.sentences("en"), strict=True))
    assert words["P1"] == "P1 乙路雨水管翻排: window or place moved; start 10 days later."
    assert edition.sentences("zh")[1] == "P1 乙路雨水管翻排：时间或位置有调整；开工推迟 10 天。"


def test_what_is_gone_is_asked_and_never_taken_away() -> None:
    stored = listed()
    projects, sites = listed()
    now = (projects.iloc[:6], sites.iloc[:6])
    edition = told(now, stored, as_of=date(2026, 4, 1))
    asked = {question.subject: question.proposed for question in edition_questions(edition)}
    assert asked == {"gone: P6": "stage:withdrawn", "gone: P7": "stage:withdrawn"}
    later = told(now, stored, as_of=date(2026, 6, 1))
    assert edition_questions(later) == ()
    assert later.summary("en")[1] == (
        "Of the projects that are gone the windows of 2 were over already; they stay as they are and"
        " are not asked about (they are in the comparison)."
    )
    answers = {question.key: "stage:withdrawn" for question in edition_questions(edition)[:1]}
    assert absent_answers(edition, answers) == {"P6": "stage:withdrawn"}
    assert [one.subject for one in edition_questions(edition, answers)] == ["gone: P7"]
    assert told(now, stored, held=["P6"]).counts["gone"] == 1


def test_what_was_finished_or_withdrawn_is_not_gone() -> None:
    projects, sites = listed()
    stored = (projects.assign(stage=["completed", "withdrawn"] + ["approved"] * 6), sites)
    edition = told((projects.iloc[3:], sites.iloc[3:]), stored)
    assert edition.table.loc[edition.table["status"] == "gone", "code"].tolist() == ["P2"]


def test_another_list_makes_nothing_gone() -> None:
    stored = listed()
    projects, sites = listed(3)
    other = recoded((projects, sites), {f"P{n}": f"X{n}" for n in range(3)})
    other[0]["name"] = ["天桥涂装", "岸线维修", "行道树更换"]
    other[1]["road"] = ["x", "y", "z"]
    other[1]["geometry"] = [box(0, 9e4 + n, 1, 9e4 + n + 1) for n in range(3)]
    edition = told(other, stored, source="other.xlsx")
    assert (edition.counts["gone"], edition.continues) == (0, ())
    assert told(other, stored, edition_of="2025.xlsx").counts["gone"] == 8


def test_one_work_under_another_code_is_asked() -> None:
    stored = listed()
    now = recoded(listed(), {"P5": "N5"})
    edition = told(now, stored)
    assert statuses(edition)["N5"] == "renumbered"
    assert row_of(edition, "N5")["earlier_code"] == "P5"
    (question,) = edition_questions(edition)
    assert question.proposed == "same:P5"
    codes = (list(now[0]["code"]), list(stored[0]["code"]))
    assert answered_codes({question.key: "same:P5"}, *codes) == {"N5": "P5"}
    assert answered_codes({question.key: "none"}, *codes) == {}
    assert answered_codes({question.key: "same:P5"}, [*codes[0], "P5"], codes[1]) == {}
    assert edition_questions(edition, {question.key: "text:不知道"}) == (question,)
    assert answered_apart(edition, {question.key: "none"}) == {("N5", "P5")}
    apart = told(now, stored, apart={("N5", "P5")})
    assert (statuses(apart)["N5"], statuses(apart)["P5"]) == ("new", "gone")


def test_works_that_recur_every_year_are_asked_about_and_nothing_is_proposed() -> None:
    projects, sites = recoded(listed(), {"P5": "N5"})
    days = {"start": pd.Timestamp("2027-03-01"), "finish": pd.Timestamp("2027-05-01")}
    later = sites["project_code"] == "N5"
    for name, day in days.items():
        sites.loc[later, name] = day
    (question,) = edition_questions(told((projects, sites), listed()))
    assert (question.reason.code, question.proposed) == ("editions.ask.renumbered_later", None)


def test_many_absent_projects_are_one_question_until_somebody_wants_each() -> None:
    count = MOST_ASKED * 2 + 10
    stored = listed(count)
    now = (stored[0].iloc[: MOST_ASKED + 9], stored[1].iloc[: MOST_ASKED + 9])
    edition = told(now, stored, edition_of="2025.xlsx", as_of=date(2026, 4, 1))
    gone = [f"P{number}" for number in range(MOST_ASKED + 9, count)]
    assert len(gone) == MOST_ASKED + 1
    (question,) = edition_questions(edition)
    assert (question.reason.code, question.proposed) == ("editions.ask.gone_together", None)
    assert question.reason.params["count"] == MOST_ASKED + 1
    assert [one.key for one in question.candidates] == ["all:withdrawn", "all:keep", "each"]
    for answer, each in (("all:withdrawn", "stage:withdrawn"), ("all:keep", "keep")):
        assert absent_answers(edition, {question.key: answer}) == dict.fromkeys(gone, each)
        assert edition_questions(edition, {question.key: answer}) == ()
    asked = edition_questions(edition, {question.key: "each"})
    assert [one.subject for one in asked] == [f"gone: {code}" for code in gone]
    # What was said of one goes before what is said of all; other words settle nothing.
    one = {asked[0].key: "stage:completed", question.key: "all:keep"}
    assert absent_answers(edition, one)[gone[0]] == "stage:completed"
    assert len(edition_questions(edition, {question.key: "text:不清楚"})) == 1
    # The answer holds for these projects and no others.
    more = told((now[0].iloc[1:], now[1].iloc[1:]), stored, edition_of="2025.xlsx")
    assert absent_answers(more, {question.key: "all:withdrawn"}) == {}


def as_rows(now: Listed) -> pd.DataFrame:
    rows = known_projects(*now)
    return rows.assign(row=np.arange(len(rows)) + 2)


@pytest.mark.parametrize("drawn", [True, False])
def test_a_renumbered_list_is_refused_with_the_better_key(drawn: bool) -> None:
    stored = listed(drawn=drawn)
    now = recoded(listed(drawn=drawn), {f"P{n}": f"P{(n + 3) % 8}" for n in range(8)})
    (fault,) = check_known(as_rows(now), known_projects(*stored), {"code": "项目编号"})
    assert fault.code == "codes_renumbered_better"
    assert fault.text("en") == (
        "Column 项目编号: of 8 codes known to the store, 8 no longer fit their place: the list seems"
        ' to be renumbered. The code fits 0, but "项目单位 + 项目名称" fits 8 of 8 projects. Put'
        ' [code] from = ["项目单位", "项目名称"] into a mapping file.'
    )
    edition = told(now, stored)
    assert edition.keys.better == KeyFit(("owner_unit", "name"), 8, 8, 8)
    assert edition.counts["renumbered"] == 8


def test_works_that_are_all_called_alike_are_known_by_their_place() -> None:
    stored = listed(generic=True)
    now = recoded(listed(generic=True), {f"P{n}": f"P{(n + 1) % 8}" for n in range(8)})
    (fault,) = check_known(as_rows(now), known_projects(*stored), {})
    assert fault.code == "codes_renumbered"


def test_a_list_that_moved_as_a_whole_is_not_renumbered() -> None:
    stored = listed(generic=True)
    projects, sites = listed(generic=True)
    shifted = sites.set_geometry(sites.geometry.translate(470.0, -80.0))
    assert check_known(as_rows((projects, shifted)), known_projects(*stored), {}) == []
    edition = told((projects, shifted), stored)
    assert edition.counts["moved"] == 8
    assert row_of(edition, "P0")["place_moved_m"] == pytest.approx(476.8, abs=0.1)


def test_two_swapped_codes_are_named_row_by_row() -> None:
    stored = listed()
    now = recoded(listed(), {"P1": "P2", "P2": "P1"})
    faults = check_known(as_rows(now), known_projects(*stored), {})
    assert [(fault.code, fault.row, fault.params["like"]) for fault in faults] == [
        ("code_is_another", 3, "P1"),
        ("code_is_another", 4, "P2"),
    ]


def test_a_project_that_moved_or_was_renamed_keeps_its_code() -> None:
    stored = listed()
    projects, sites = listed()
    projects.loc[1, "name"] = "乙路雨污混接改造"
    sites.loc[2, "geometry"] = box(2000.0, 700, 2100, 704)
    assert check_known(as_rows((projects, sites)), known_projects(*stored), {}) == []
