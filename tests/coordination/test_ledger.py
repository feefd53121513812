"""Who is locked out if something is resurfaced, and what the ledger says of its rows."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pytest

from coordination import Policy
from coordination.city import City
from coordination.faults import UsageError
from coordination.ledger import (
    entries_where,
    locked_out_by,
    resurfacing_of_project,
    resurfacing_of_road,
)

Work = dict[str, Any]
MakeWork = Callable[..., Work]
MakeCity = Callable[..., City]

AS_OF = np.datetime64("2026-01-01")
ROAD = {
    "sector": "road", "work_type": "rebuild", "utility": None, "box": (50.0, -6.0, 280.0, 6.0),
}  # fmt: skip


@pytest.fixture
def town(make_city: MakeCity, work: MakeWork) -> City:
    return make_city(
        work("R", "2026-05-01", "2026-07-31", **ROAD),
        work("A", "2027-03-01", "2027-03-31"),
        work("B", "2026-06-01", "2026-12-31", duration_days=10.0, stage="proposed"),
        work("C", "2026-03-01", "2026-04-30"),
        work("D", "2027-03-01", "2027-03-31", box=(20.0, 100.0, 120.0, 103.0)),
        work("E", "2027-03-01", "2027-03-31", stage="emergency"),
        work("F", "2031-08-01", "2031-09-30"),
    )


def locked(city: City, **query: Any) -> pd.DataFrame:
    made = resurfacing_of_project(city, "R", Policy(), **query)
    return locked_out_by(city, made, Policy(), as_of=AS_OF)


def test_whom_a_project_locks_out(town: City) -> None:
    rows = locked(town)
    assert rows["code"].tolist() == ["B", "A", "E"]
    assert rows["can_go_first"].tolist() == [True, False, False]
    assert rows["emergency"].tolist() == [False, False, True]
    first = rows.iloc[0]
    assert (first["name"], first["owner_unit"], first["road"]) == ("工程B", "单位B", "甲路")
    assert str(first["first_day"].date()) == "2026-08-01"
    assert (str(first["last_day"].date()), first["days"]) == ("2026-12-31", 153)
    assert str(first["free_from"].date()) == "2031-08-01"
    assert first["shared_m"] == pytest.approx(100)


def test_another_day_or_kind_locks_out_others(town: City) -> None:
    assert locked(town, day=date(2026, 2, 1))["code"].tolist() == ["C", "B", "A", "E"]
    # Three years after a major repair: F is free then and now.
    assert locked(town, day=date(2028, 9, 30))["code"].tolist() == ["F"]
    assert locked(town, day=date(2028, 9, 30), kind="major_repair")["code"].tolist() == ["F"]
    assert locked(town, day=date(2028, 7, 31), kind="major_repair").empty


def test_whom_a_stretch_of_road_locks_out(town: City) -> None:
    made = resurfacing_of_road(town, "甲路", Policy(), day=date(2026, 7, 31))
    rows = locked_out_by(town, made, Policy(), as_of=AS_OF)
    assert rows["code"].tolist() == ["B", "A", "E"]
    made = resurfacing_of_road(town, "乙路", Policy(), day=date(2026, 7, 31))
    assert locked_out_by(town, made, Policy(), as_of=AS_OF).empty


def test_off_the_network(make_city: MakeCity, work: MakeWork) -> None:
    city = make_city(
        work("R", "2026-05-01", "2026-07-31", **ROAD), work("A", "2027-03-01", "2027-03-31"),
        roads=False,
    )  # fmt: skip
    (row,) = locked(city).to_dict("records")
    assert (row["place"], row["dug_m2"]) == ("footprints", pytest.approx(300))


@pytest.mark.parametrize(
    ("query", "key"),
    [
        (lambda city: resurfacing_of_project(city, "X", Policy()), "ledger.error.project"),
        (
            lambda city: resurfacing_of_project(city, "R", Policy(), kind="upkeep"),
            "ledger.error.kind",
        ),
        (
            lambda city: resurfacing_of_road(city, "无名路", Policy(), day=date(2026, 1, 1)),
            "ledger.error.road",
        ),
    ],
)
def test_what_cannot_be_asked(town: City, query: Callable[[City], object], key: str) -> None:
    with pytest.raises(UsageError) as error:
        query(town)
    assert error.value.key == key


def test_how_long_rows_lock(make_city: MakeCity, work: MakeWork) -> None:
    plain = {
        "road": "甲路", "surface": None, "start": None, "finish": None, "sector": "road",
        "method": "surface", "owner_unit": None, "source": "old.xlsx",
        "box": (0.0, 0.0, 9.0, 9.0), "note": None,
    }  # fmt: skip
    city = make_city(
        work("A", "2027-03-01", "2027-03-31"),
        ledger=[
            plain | {"ledger_id": "1", "kind": "resurfacing", "work_type": "rebuild", "day": "2024-02-29"},
            plain | {"ledger_id": "2", "kind": "resurfacing", "work_type": None, "day": "2024-03-01"},
            plain | {"ledger_id": "3", "kind": "resurfacing", "work_type": "upkeep", "day": "2024-03-02"},
            plain | {"ledger_id": "4", "kind": "opening", "work_type": "new", "sector": "pipeline",
                     "day": "2024-03-03", "road": "乙路"},
        ],
    )  # fmt: skip
    rows = entries_where(city.ledger, Policy())
    until = rows["locked_until"].dt.strftime("%Y-%m-%d").astype("object")
    assert rows["ledger_id"].tolist() == ["4", "3", "2", "1"]
    assert until.where(rows["locked_until"].notna(), None).tolist() == [
        None, None, "2027-03-01", "2029-02-28",
    ]  # fmt: skip
    assert entries_where(city.ledger, Policy(), road="乙路")["ledger_id"].tolist() == ["4"]
    assert entries_where(city.ledger, Policy(), kind="opening")["ledger_id"].tolist() == ["4"]
    since = entries_where(city.ledger, Policy(), since=date(2024, 3, 2))
    assert since["ledger_id"].tolist() == ["4", "3"]
    assert entries_where(None, Policy()).empty
