"""Planted digs under lock, and their near misses."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from coordination import Policy, detect
from coordination.check import check
from coordination.city import City
from coordination.detection import RULES
from coordination.works import works_table

Work = dict[str, Any]
MakeWork = Callable[..., Work]
MakeCity = Callable[..., City]

AS_OF = date(2026, 1, 1)
WHOLE = (50.0, -6.0, 280.0, 6.0)


def made(day: str, work_type: str | None = "rebuild", **values: Any) -> Work:
    """Return a row of the ledger: 230 m of 甲路 with a new surface, over its whole width."""
    plain: Work = {
        "ledger_id": "L-1", "road": "甲路", "kind": "resurfacing", "surface": "asphalt", "day": day,
        "start": day, "finish": day, "sector": "road", "method": "surface", "owner_unit": "市政",
        "work_type": work_type, "source": "history.xlsx", "box": WHOLE,
    }  # fmt: skip
    return plain | values


def found(city: City, rule: str = "no_dig_period", as_of: date = AS_OF) -> pd.DataFrame:
    own = [one for one in RULES if rule in (one.code, "opportunity")]  # which yields to all others
    table = detect(city, Policy(), as_of=as_of, rules=own).table
    return table[table["rule"] == rule].reset_index(drop=True)


def test_a_dig_within_five_years_of_a_rebuilt_road(make_city: MakeCity, work: MakeWork) -> None:
    city = make_city(work("A", "2026-03-01", "2026-03-31"), ledger=[made("2022-06-30")])
    (row,) = found(city).to_dict("records")
    assert (row["project_a"], row["project_b"], row["kind_b"]) == ("A", "L-1", "ledger")
    assert (row["severity"], row["severity_steps"]) == ("high", "base:high")
    assert (row["road"], row["place"]) == ("甲路", "road")
    assert (row["from_m"], row["to_m"], row["shared_length_m"]) == pytest.approx((100, 200, 100))
    assert row["shared_area_m2"] == pytest.approx(300)
    assert (str(row["start"].date()), str(row["finish"].date())) == ("2026-03-01", "2026-03-31")
    # 100 m of a 3 m dig: 300 m² at 140, 220 and 300 yuan, once, three and five times.
    assert row["saving_low_wan"] == pytest.approx(4.2)
    assert row["saving_mid_wan"] == pytest.approx(19.8)
    assert row["saving_high_wan"] == pytest.approx(45.0)
    assert row["reason_zh"].startswith(
        "甲路：履历 L-1 所记工程于 2022-06-30 完成改建路面，禁掘期 60 个月，至 2027-06-30 止；"
        "A 工程A（单位A）计划 2026-03-01–2026-03-31 开挖，其中 31 天在禁掘期内，"
        "涉及路段 100 米、面积 300 平方米。提前开挖的修复费估算 4.20–45.00 万元"
        "（开挖 300 平方米 × 140–300 元/平方米 × 1–5 倍），仅供参考，不作为结算依据。"
        "2027-07-01 起开工即不受限制。"
    )
    assert "31 day(s) of it under the lock" in row["reason_en"]
    assert "From 2027-07-01 on, starting is free." in row["reason_en"]
    assert "第三十三条" in row["legal_basis"]


@pytest.mark.parametrize(
    ("work_type", "start", "locked"),
    [
        ("rebuild", "2026-06-30", True),
        ("rebuild", "2026-07-01", False),
        ("new", "2026-06-30", True),
        ("widen", "2026-06-30", True),
        ("major_repair", "2026-06-30", False),
        ("medium_repair", "2026-06-30", False),
        ("upkeep", "2026-06-30", False),
    ],
)
def test_the_last_locked_day_of_five_years(
    make_city: MakeCity, work: MakeWork, work_type: str, start: str, locked: bool
) -> None:
    city = make_city(work("A", start, "2026-07-20"), ledger=[made("2021-06-30", work_type)])
    assert (len(found(city)) == 1) is locked


@pytest.mark.parametrize(
    ("work_type", "start", "locked"),
    [
        ("major_repair", "2026-06-30", True),
        ("major_repair", "2026-07-01", False),
        (None, "2026-06-30", True),
        (None, "2026-07-01", False),
    ],
)
def test_the_last_locked_day_of_three_years(
    make_city: MakeCity, work: MakeWork, work_type: str | None, start: str, locked: bool
) -> None:
    city = make_city(work("A", start, "2026-07-20"), ledger=[made("2023-06-30", work_type)])
    rows = found(city)
    assert (len(rows) == 1) is locked
    if locked:
        assert ("工程类别不详" in rows["reason_zh"][0]) is (work_type is None)
        assert ("not known" in rows["reason_en"][0]) is (work_type is None)


def test_a_surface_of_a_leap_day_is_locked_to_the_end_of_february(
    make_city: MakeCity, work: MakeWork
) -> None:
    surface = [made("2024-02-29", "major_repair")]
    assert len(found(make_city(work("A", "2027-02-28", "2027-03-20"), ledger=surface))) == 1
    assert found(make_city(work("A", "2027-03-01", "2027-03-20"), ledger=surface)).empty


def test_any_day_of_the_work_counts(make_city: MakeCity, work: MakeWork) -> None:
    surface = [made("2021-06-30")]
    (row,) = found(make_city(work("A", "2026-06-30", "2027-03-31"), ledger=surface)).to_dict(
        "records"
    )
    assert "其中 1 天在禁掘期内" in row["reason_zh"]
    assert (str(row["start"].date()), str(row["finish"].date())) == ("2026-06-30", "2026-06-30")
    # A work that was going on when the surface was finished digs below it from the next day on.
    (row,) = found(
        make_city(work("A", "2025-12-01", "2026-02-28"), ledger=[made("2025-12-31")])
    ).to_dict("records")
    assert str(row["start"].date()) == "2026-01-01"


def test_where_they_share_no_stretch(make_city: MakeCity, work: MakeWork) -> None:
    north = [made("2022-06-30", box=(50.0, 0.5, 280.0, 6.0))]
    south = work("A", "2026-03-01", "2026-03-31", box=(100.0, -4.0, 200.0, -1.0))
    assert found(make_city(south, ledger=north)).empty
    further = work("A", "2026-03-01", "2026-03-31", box=(320.0, 1.0, 420.0, 4.0))
    assert found(make_city(further, ledger=[made("2022-06-30")])).empty
    nobody = work("A", "2026-03-01", "2026-03-31", box=None)
    assert found(make_city(nobody, ledger=[made("2022-06-30")])).empty


def test_a_bored_pipe_counts_at_its_pits(make_city: MakeCity, work: MakeWork) -> None:
    surface = [made("2022-06-30", box=(80.0, -6.0, 200.0, 6.0))]
    between = work(
        "A", "2026-03-01", "2026-03-31", method="trenchless", box=(60.0, 1.0, 240.0, 4.0)
    )
    assert found(make_city(between, ledger=surface)).empty
    inside = work("A", "2026-03-01", "2026-03-31", method="trenchless", box=(90.0, 1.0, 240.0, 4.0))
    (row,) = found(make_city(inside, ledger=surface)).to_dict("records")
    assert row["shared_length_m"] == pytest.approx(10)
    # 10 m of a 3 m wide pit at the lowest rate, once.
    assert row["saving_low_wan"] == pytest.approx(0.42)


@pytest.mark.parametrize(
    ("method", "locked"),
    [("open_cut", True), (None, True), ("surface", False), ("none", False)],
)
def test_only_what_digs_meets_a_lock(
    make_city: MakeCity, work: MakeWork, method: str | None, locked: bool
) -> None:
    city = make_city(
        work("A", "2026-03-01", "2026-03-31", method=method), ledger=[made("2022-06-30")]
    )
    assert (len(found(city)) == 1) is locked


def test_an_emergency_is_exempt_and_counted(make_city: MakeCity, work: MakeWork) -> None:
    city = make_city(
        work("A", "2026-03-01", "2026-03-31", stage="emergency"), ledger=[made("2022-06-30")]
    )
    (row,) = found(city).to_dict("records")
    assert (row["severity"], row["severity_steps"]) == ("notice", "base:high emergency:-2")
    assert "不受禁掘期限制" in row["reason_zh"]
    assert "exempt" in row["reason_en"]
    assert pd.isna(row["saving_low_wan"])
    # What never blocks in a check either.
    checked = check(city, city.projects, city.sites, Policy(), as_of=np.datetime64(AS_OF))
    assert [verdict.verdict for verdict in checked.verdicts] == ["clear"]


def test_a_dig_under_lock_is_blocked(make_city: MakeCity, work: MakeWork) -> None:
    city = make_city(work("A", "2026-03-01", "2026-03-31"), ledger=[made("2022-06-30")])
    checked = check(city, city.projects, city.sites, Policy(), as_of=np.datetime64(AS_OF))
    assert [verdict.verdict for verdict in checked.verdicts] == ["blocked"]


def test_a_safety_repair_is_never_told_to_wait(make_city: MakeCity, work: MakeWork) -> None:
    city = make_city(
        work("A", "2026-03-01", "2026-03-31", safety_critical=True), ledger=[made("2022-06-30")]
    )
    (row,) = found(city).to_dict("records")
    assert "起开工即不受限制" not in row["reason_zh"]
    assert "不建议推迟" in row["reason_zh"]
    assert "should not wait" in row["reason_en"]


def test_a_work_under_way_is_told_to_verify_not_to_start_later(
    make_city: MakeCity, work: MakeWork
) -> None:
    dig = work("A", "2026-03-01", "2026-03-31")
    for begun, as_of in (
        (dig, date(2026, 3, 1)),
        (dig | {"stage": "in_progress"}, AS_OF),
        (dig | {"actual_start": "2026-02-27"}, date(2026, 2, 28)),
    ):
        (row,) = found(make_city(begun, ledger=[made("2022-06-30")]), as_of=as_of).to_dict(
            "records"
        )
        assert "请核实禁掘期内开挖是否已获批准" in row["reason_zh"]
        assert "verify that digging under the lock is approved" in row["reason_en"]
        assert "起开工即不受限制" not in row["reason_zh"]
    (row,) = found(make_city(dig, ledger=[made("2022-06-30")]), as_of=date(2026, 2, 28)).to_dict(
        "records"
    )
    assert "2027-07-01 起开工即不受限制" in row["reason_zh"]


@pytest.mark.parametrize(
    ("dig", "laid", "dug_m2"),
    [
        # 100 m on one side, but of the dig's 3 m only 1 m lies on the young surface.
        ((100.0, 1.0, 200.0, 4.0), [(50.0, 3.0, 280.0, 5.0)], 100),
        # Beside each other on one side: nothing that is known to be broken up.
        ((100.0, 1.0, 200.0, 3.0), [(50.0, 3.5, 280.0, 5.0)], None),
        # Two rows of the ledger for one project's surface, 30 m of it told twice.
        ((100.0, 1.0, 200.0, 4.0), [(50.0, -6.0, 160.0, 6.0), (130.0, -6.0, 280.0, 6.0)], 300),
    ],
    ids=["a strip", "beside", "told twice"],
)  # fmt: skip
def test_the_fee_is_for_common_ground_only(
    make_city: MakeCity, work: MakeWork, dig: Any, laid: list[Any], dug_m2: float | None
) -> None:
    ledger = [made("2022-06-30", ledger_id=f"L-{at}", source="R", box=box)
              for at, box in enumerate(laid)]  # fmt: skip
    maker = work("R", "2022-05-01", "2022-06-30", stage="completed", **(ROAD | {"box": laid[0]}))
    city = make_city(work("A", "2026-03-01", "2026-03-31", box=dig), maker, ledger=ledger)
    (row,) = found(city).to_dict("records")
    if dug_m2 is None:
        assert "修复费暂无法估算" in row["reason_zh"]
        assert pd.isna(row["saving_low_wan"])
        return
    assert f"（开挖 {dug_m2} 平方米 ×" in row["reason_zh"]
    assert row["saving_low_wan"] == pytest.approx(dug_m2 * 140 / 10_000)
    assert row["shared_area_m2"] == pytest.approx(dug_m2)


def test_the_fee_of_a_pair_on_two_roads_is_not_told_twice(
    make_city: MakeCity, work: MakeWork
) -> None:
    """A dig over a corner: each road's finding has its own part of the ground."""
    around = (200.0, -6.0, 306.0, 100.0)
    city = make_city(
        work("A", "2026-03-01", "2026-03-31", box=around, width_m=60.0),
        ledger=[made("2022-06-30", box=around)],
    )
    rows = found(city)
    assert set(rows["road"]) == {"甲路", "乙路"}
    told = rows["reason_zh"].str.extract(r"开挖 (\d+) 平方米")[0].astype(float)
    assert told.sum() <= 106 * 106 + 1


ROAD = {"sector": "road", "work_type": "rebuild", "utility": None, "box": WHOLE}


def test_the_surface_of_a_finished_project(make_city: MakeCity, work: MakeWork) -> None:
    city = make_city(
        work("A", "2026-03-01", "2026-03-31"), work("R", "2025-05-01", "2025-07-31", **ROAD)
    )
    (row,) = found(city).to_dict("records")
    assert (row["project_a"], row["project_b"], row["kind_b"]) == ("A", "R", "project")
    assert row["shared_area_m2"] == pytest.approx(300)
    assert "R 工程R（单位R）于 2025-07-31 完成改建路面" in row["reason_zh"]
    # Nobody digs in his own fresh surface by having made it.
    alone = make_city(work("R", "2025-05-01", "2025-07-31", **ROAD),
                      work("R", "2026-03-01", "2026-03-31", **(ROAD | {"site_id": "R-2"})))  # fmt: skip
    assert found(alone).empty
    # On a day on which it was still being built it was no lock, but the announcement of one.
    early = found(city, as_of=date(2025, 7, 31))
    assert early.empty
    assert len(found(city, "no_dig_lockout", as_of=date(2025, 7, 31))) == 1


def test_a_completed_project_is_told_once(make_city: MakeCity, work: MakeWork) -> None:
    maker = work("R", "2025-05-01", "2025-07-31", stage="completed", **ROAD)
    own = made(
        "2025-07-31", ledger_id="R/R-1/resurfacing", source="R", surface=None, method="open_cut"
    )
    opening = own | {"ledger_id": "R/R-1/opening", "kind": "opening"}
    city = make_city(work("A", "2026-03-01", "2026-03-31"), maker, ledger=[own, opening])
    (row,) = found(city).to_dict("records")
    assert (row["project_a"], row["project_b"], row["kind_b"]) == ("A", "R", "project")
    assert (row["shared_length_m"], row["shared_area_m2"]) == pytest.approx((100, 300))
    assert (row["sites_a"], row["sites_b"]) == ("A-1", "R-1")
    works = works_table(city, Policy(), 20454)
    assert works["code"].tolist() == ["A", "R"]
    # What people corrected in the ledger counts: the road was finished earlier.
    corrected = [one | {"day": "2021-02-28", "start": "2021-01-04", "note": "2026-01-02 王工: 核实"}
                 for one in (own, opening)]  # fmt: skip
    city = make_city(work("A", "2026-03-01", "2026-03-31"), maker, ledger=corrected)
    assert found(city).empty
    # 2021-02-28 is day 18686 since 1970: half-open, the work ends before the next one.
    assert works_table(city, Policy(), 20454)["finish_day"].tolist()[1] == 18687


def test_an_opening_under_its_code_does_not_take_a_surface_away(
    make_city: MakeCity, work: MakeWork
) -> None:
    rebuilt = work("R", "2024-01-01", "2024-06-30", **(ROAD | {"stage": "completed"}))
    dug = made("2024-06-30", kind="opening", source="R", ledger_id="h-1", method="open_cut")
    (row,) = found(make_city(work("A", "2026-03-01", "2026-03-31"), rebuilt, ledger=[dug])).to_dict(
        "records"
    )
    assert (row["project_a"], row["project_b"], row["severity"]) == ("A", "R", "high")
    # An opening of long ago under the code of a project that is planned only now.
    planned = work("R", "2026-05-01", "2026-06-30", **ROAD)
    old = [made("2010-06-30", "minor_repair", kind="opening", source="R", ledger_id="h-1")]
    city = make_city(work("A", "2027-03-01", "2027-03-31"), planned, ledger=old)
    assert len(found(city, "no_dig_lockout")) == 1


def test_openings_of_road_works_that_made_a_surface(make_city: MakeCity, work: MakeWork) -> None:
    dig = work("A", "2026-03-01", "2026-03-31")
    assert len(found(make_city(dig, ledger=[made("2022-06-30", kind="opening")]))) == 1
    pipe = made("2022-06-30", kind="opening", sector="pipeline", method="open_cut")
    assert found(make_city(dig, ledger=[pipe])).empty
    # Nor does a patch that a pipe's owner laid.
    assert found(make_city(dig, ledger=[pipe | {"kind": "resurfacing"}])).empty


def test_footway_and_carriageway_are_surfaces_of_their_own(
    make_city: MakeCity, work: MakeWork
) -> None:
    footway = made("2022-06-30", surface="footway", box=(50.0, 5.0, 280.0, 8.0))
    carriageway = work(
        "A", "2026-03-01", "2026-03-31", position="carriageway", box=(100.0, 1.0, 200.0, 4.0)
    )
    assert found(make_city(carriageway, ledger=[footway])).empty
    walk = work("A", "2026-03-01", "2026-03-31", position="footway", box=(100.0, 5.0, 200.0, 8.0))
    (row,) = found(make_city(walk, ledger=[footway])).to_dict("records")
    assert "80–300 元/平方米" in row["reason_zh"]
    # Whatever they say, ground that both take is ground that both take.
    across = work(
        "A", "2026-03-01", "2026-03-31", position="carriageway", box=(100.0, 1.0, 110.0, 7.0)
    )
    assert len(found(make_city(across, ledger=[footway]))) == 1


def test_off_the_network_the_ground_itself_counts(make_city: MakeCity, work: MakeWork) -> None:
    surface = [made("2022-06-30", box=(190.0, -6.0, 280.0, 6.0))]
    dig = work("A", "2026-03-01", "2026-03-31")
    (row,) = found(make_city(dig, ledger=surface, roads=False)).to_dict("records")
    assert (row["place"], row["shared_area_m2"]) == ("footprints", pytest.approx(30))
    touching = [made("2022-06-30", box=(200.0, -6.0, 280.0, 6.0))]
    assert found(make_city(dig, ledger=touching, roads=False)).empty


def test_a_square_off_the_roads(make_city: MakeCity, work: MakeWork) -> None:
    square = (100.0, 400.0, 160.0, 460.0)
    dig = work("A", "2026-03-01", "2026-03-31", box=square)
    (row,) = found(make_city(dig, ledger=[made("2022-06-30", box=square)])).to_dict("records")
    assert row["place"] == "square"
    half = made("2022-06-30", box=(100.0, 400.0, 130.0, 460.0))
    assert found(make_city(dig, ledger=[half])).empty


def test_a_coarse_date_only_widens(make_city: MakeCity, work: MakeWork) -> None:
    surface = [made("2021-06-30")]
    coarse = {"start_precision": "year", "finish_precision": "year"}
    (row,) = found(
        make_city(work("A", "2026-01-01", "2026-12-31", **coarse), ledger=surface)
    ).to_dict("records")
    assert "按最宽的时间范围判断" in row["reason_zh"]
    # Within the lock whatever the year means.
    (row,) = found(make_city(work("A", "2025-01-01", "2025-12-31", **coarse), ledger=surface),
                   as_of=date(2025, 1, 1)).to_dict("records")  # fmt: skip
    assert "按最宽的时间范围判断" not in row["reason_zh"]


def test_without_a_ledger_the_run_says_so(make_city: MakeCity, work: MakeWork) -> None:
    def missing(city: City) -> tuple[str, ...]:
        runs = detect(city, Policy(), as_of=AS_OF).rules_run
        (run,) = [one for one in runs if one.rule == "no_dig_period"]
        assert run.ran
        return run.missing

    dig = work("A", "2026-03-01", "2026-03-31")
    assert missing(make_city(dig)) == ("ledger",)
    assert missing(make_city(dig, ledger=[made("2022-06-30")])) == ()


# ---- a surface that is only planned -------------------------------------------------------------


def test_a_planned_resurfacing_locks_a_planned_dig_out(make_city: MakeCity, work: MakeWork) -> None:
    city = make_city(
        work("A", "2027-03-01", "2027-03-31"), work("R", "2026-05-01", "2026-07-31", **ROAD)
    )
    assert found(city).empty
    (row,) = found(city, "no_dig_lockout").to_dict("records")
    assert (row["project_a"], row["project_b"], row["severity"]) == ("A", "R", "high")
    assert row["shared_length_m"] == pytest.approx(100)
    assert row["saving_low_wan"] == pytest.approx(4.2)
    assert (
        "R 工程R（单位R）计划 2026-07-31 完成改建路面，此后 60 个月（2026-08-01 至 2031-07-31）禁止开挖"
        in (row["reason_zh"])
    )
    assert "Dig first and repair then" in row["reason_en"]


@pytest.mark.parametrize(
    ("start", "finish", "locked"),
    [
        ("2026-05-01", "2026-07-31", False),
        ("2026-05-01", "2026-08-01", True),
        ("2026-03-01", "2026-04-01", False),
        ("2031-07-31", "2031-09-01", True),
        ("2031-08-01", "2031-09-01", False),
    ],
    ids=["same day", "one day later", "first", "last locked day", "free"],
)
def test_digging_first_is_the_right_order(
    make_city: MakeCity, work: MakeWork, start: str, finish: str, locked: bool
) -> None:
    city = make_city(work("A", start, finish), work("R", "2026-05-01", "2026-07-31", **ROAD))
    assert (len(found(city, "no_dig_lockout")) == 1) is locked


def test_a_window_that_lets_the_dig_come_first_says_so(make_city: MakeCity, work: MakeWork) -> None:
    road = work("R", "2026-05-01", "2026-07-31", **ROAD)
    dig = {"duration_days": 20.0, "stage": "proposed"}
    (row,) = found(
        make_city(work("A", "2026-03-01", "2026-12-31", **dig), road), "no_dig_lockout"
    ).to_dict("records")
    assert "按工期，开挖可在路面完工以前结束" in row["reason_zh"]
    # The road waits for it: then it is agreed.
    waits = work("R", "2026-05-01", "2026-07-31", depends_on="A", **ROAD)
    assert found(
        make_city(work("A", "2026-03-01", "2026-12-31", **dig), waits), "no_dig_lockout"
    ).empty
    assert (
        len(found(make_city(work("A", "2026-09-01", "2026-12-31"), waits), "no_dig_lockout")) == 1
    )


def test_a_road_work_that_has_begun_is_not_told_to_come_second(
    make_city: MakeCity, work: MakeWork
) -> None:
    for stage, begun in (("approved", False), ("in_progress", True)):
        road = work("R", "2026-05-01", "2026-07-31", **ROAD | {"stage": stage})
        city = make_city(work("A", "2027-03-01", "2027-03-31"), road)
        (row,) = found(city, "no_dig_lockout").to_dict("records")
        assert ("The road work has begun" in row["reason_en"]) is begun
        assert ("Dig first and repair then" in row["reason_en"]) is not begun
        assert ("请立即商定开挖能否赶在面层之前" in row["reason_zh"]) is begun


@pytest.mark.parametrize(("days", "can_swap"), [(31, True), (32, False)])
def test_the_surfaces_last_day_is_still_free(
    make_city: MakeCity, work: MakeWork, days: int, can_swap: bool
) -> None:
    laid = work("R", "2026-03-01", "2026-03-31", **ROAD)
    dig = work("A", "2026-03-01", "2026-12-31", duration_days=days)
    (row,) = found(make_city(dig, laid), "no_dig_lockout").to_dict("records")
    assert ("开挖可在路面完工以前结束" in row["reason_zh"]) is can_swap
    waits = work("R", "2026-03-01", "2026-03-31", depends_on="A", **ROAD)
    assert found(make_city(dig, waits), "no_dig_lockout").empty is can_swap


def test_bundles_emergencies_and_minor_repairs_lock_nobody_out(
    make_city: MakeCity, work: MakeWork
) -> None:
    dig, road = ("A", "2027-03-01", "2027-03-31"), ("R", "2026-05-01", "2026-07-31")

    def count(city: City) -> int:
        return len(found(city, "no_dig_lockout"))

    assert count(make_city(work(*dig), work(*road, **ROAD))) == 1
    bundle = [("P", "A"), ("P", "R")]
    assert count(make_city(work(*dig), work(*road, **ROAD), bundles=bundle)) == 0
    assert count(make_city(work(*dig, stage="emergency"), work(*road, **ROAD))) == 0
    assert count(make_city(work(*dig), work(*road, **(ROAD | {"work_type": "minor_repair"})))) == 0
    assert count(make_city(work(*dig), work(*road, **(ROAD | {"sector": "drainage"})))) == 0
    assert count(make_city(work(*dig), work(*road, **(ROAD | {"stage": "withdrawn"})))) == 0
    assert count(make_city(work(*dig), work(*road, **(ROAD | {"method": "none"})))) == 0


def test_sites_of_one_pair_on_one_road_are_one_finding(make_city: MakeCity, work: MakeWork) -> None:
    city = make_city(
        work("A", "2026-03-01", "2026-03-31", box=(60.0, 1.0, 100.0, 4.0)),
        work("A", "2026-04-01", "2026-04-30", site_id="A-2", box=(150.0, 1.0, 200.0, 4.0)),
        ledger=[made("2022-06-30")],
    )
    (row,) = found(city).to_dict("records")
    assert row["shared_length_m"] == pytest.approx(90)
    assert row["shared_area_m2"] == pytest.approx(270)
    assert row["saving_low_wan"] == pytest.approx(3.78)
    assert row["sites_a"] == "A-1 A-2"


# ---- against looking at every day ---------------------------------------------------------------


@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    rows=st.lists(
        st.tuples(
            st.integers(0, 2200), st.integers(1, 60), st.integers(0, 15), st.integers(1, 5),
            st.booleans(),
        ),
        min_size=1, max_size=5,
    ),
    surfaces_made=st.lists(
        st.tuples(
            st.integers(0, 2200), st.sampled_from(["new", "major_repair", "upkeep", None]),
            st.integers(0, 15), st.integers(1, 5),
        ),
        min_size=1, max_size=4,
    ),
)  # fmt: skip
def test_the_same_as_looking_at_every_day(
    make_city: MakeCity, work: MakeWork, rows: list[Any], surfaces_made: list[Any]
) -> None:
    """Off the network, on ground cut into squares of 10 m: every day, every square."""
    first = pd.Timestamp("2020-01-01")
    as_of = date(2022, 6, 1)
    digs, laid = {}, {}
    for number, (start, days, at, size, south) in enumerate(rows):
        begins = first + pd.Timedelta(days=start)
        ends = begins + pd.Timedelta(days=days - 1)
        box = (at * 10.0, -10.0 if south else 0.0, (at + size) * 10.0, 0.0 if south else 10.0)
        digs[f"D{number}"] = (begins, ends, box)
    for number, (start, kind, at, size) in enumerate(surfaces_made):
        day = first + pd.Timedelta(days=start)
        if day.date() < as_of:
            laid[f"L{number}"] = (day, kind, (at * 10.0, -10.0, (at + size) * 10.0, 10.0))
    city = make_city(
        *(work(code, str(s.date()), str(e.date()), box=box) for code, (s, e, box) in digs.items()),
        roads=False,
        ledger=[
            made(str(day.date()), kind, ledger_id=code, box=box)
            for code, (day, kind, box) in laid.items()
        ]
        or [made("2019-01-01", "upkeep")],
    )
    years = {"new": 5, "major_repair": 3, None: 3}
    expected = set()
    for code, (begins, ends, dig) in digs.items():
        for other, (day, kind, ground) in laid.items():
            if kind == "upkeep" or ends.date() < as_of:
                continue
            last = day + pd.DateOffset(years=years[kind])
            common = min(dig[2], ground[2]) - max(dig[0], ground[0])
            meets_lock = any(day < one <= last for one in pd.date_range(begins, ends))
            if common > 0 and meets_lock:
                expected.add((code, other))
    rows_found = found(city, as_of=as_of)
    assert set(zip(rows_found["project_a"], rows_found["project_b"], strict=True)) == expected
