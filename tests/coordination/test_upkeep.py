"""Routine upkeep packages: who is put together, and who is not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from coordination.city import City
from coordination.detection import look
from coordination.policy import Policy
from coordination.upkeep import UpkeepPackages, upkeep_packages

MakeCity = Callable[..., City]
MakeWork = Callable[..., dict[str, Any]]
UPKEEP = {"work_type": "upkeep", "town": "安亭镇"}


def packages(city: City) -> UpkeepPackages:
    return upkeep_packages(look(city, Policy(), np.datetime64("2026-01-10", "D")))


def test_two_sectors_in_one_town_and_quarter_are_a_package(
    make_city: MakeCity, work: MakeWork
) -> None:
    found = packages(
        make_city(
            work("A", "2026-05-01", "2026-05-20", sector="greening", owner_unit="U2", **UPKEEP),
            work("B", "2026-05-11", "2026-06-10", sector="lighting", owner_unit="U1",
                 box=(150.0, -4.0, 260.0, 4.0), **UPKEEP),
        )
    )  # fmt: skip
    one = found.table.iloc[0]
    assert found.alone == ()
    assert (one["area"], one["year"], one["quarter"]) == ("安亭镇", 2026, 2)
    assert (one["codes"], one["sectors"]) == ("A B", "greening lighting")
    assert one["lead_unit"] == "U1"  # one work each: the first by name
    assert (one["start"], one["finish"]) == ("2026-05-11", "2026-05-20")
    assert one["roads"] == "甲路"
    assert one["shared_road_m"] == pytest.approx(50.0, abs=0.5)
    assert (one["days_apart"], one["days_together"]) == (41, 31)


@pytest.mark.parametrize(
    "other",
    [
        {"town": "马陆镇"},
        {"sector": "greening"},
        {"work_type": "rebuild"},
        {"stage": "completed"},
        {"stage": "emergency"},
        {"start": "2026-07-01", "finish": "2026-07-20"},
    ],
    ids=["another town", "one sector", "no upkeep", "finished", "emergency", "another quarter"],
)
def test_what_is_no_package(make_city: MakeCity, work: MakeWork, other: dict[str, str]) -> None:
    row = {"start": "2026-05-01", "finish": "2026-05-20", "sector": "lighting"} | UPKEEP | other
    start, finish = row.pop("start"), row.pop("finish")
    found = packages(
        make_city(
            work("A", "2026-05-01", "2026-05-20", sector="greening", **UPKEEP),
            work("B", start, finish, **row),
        )
    )
    assert found.table.empty
    assert "A" in found.alone


def test_without_a_common_window_the_season_is_proposed(
    make_city: MakeCity, work: MakeWork
) -> None:
    found = packages(
        make_city(
            work("A", "2026-04-01", "2026-04-10", sector="greening", **UPKEEP),
            work("B", "2026-06-01", "2026-06-10", sector="lighting", **UPKEEP),
        )
    )
    assert found.table[["start", "finish"]].to_numpy().tolist() == [["2026-04-01", "2026-06-30"]]
