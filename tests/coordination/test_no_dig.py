"""Planted digs under lock, and their near misses."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pandas as pd
import pytest

from coordination import Policy, detect
from coordination.city import City

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
    table = detect(city, Policy(), as_of=as_of).table
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
    print(row["reason_zh"], row["reason_en"])
