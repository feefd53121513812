"""Numbers and days for people."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coordination import formats


@pytest.mark.parametrize("missing", [None, float("nan"), np.nan])
def test_missing_numbers_are_a_dash(missing: float | None) -> None:
    for write in (formats.metres, formats.square_metres, formats.days, formats.wan):
        assert write(missing, "zh") == "—"
    assert formats.percent(missing) == formats.count(missing) == formats.chainage(missing) == "—"
    assert formats.wan_range(missing, 1, 2, "zh") == "—"


@pytest.mark.parametrize("missing", [None, pd.NaT, np.datetime64("NaT")])
def test_missing_days_are_a_dash(missing: object) -> None:
    assert formats.day(missing) == formats.long_day(missing, "en") == "—"  # type: ignore[arg-type]
    assert formats.period(missing, missing, "en") == "—"  # type: ignore[arg-type]


def test_nothing_is_never_minus_nothing() -> None:
    assert formats.metres(-0.01, "en") == "0 m"
    assert formats.wan(0, "zh") == "0 万元"


def test_money_keeps_its_meaning_in_both_languages() -> None:
    assert formats.wan(1234.5, "zh") == "1,234 万元"
    assert formats.wan(1234.5, "en") == "12,345,000 yuan"
    assert formats.wan_range(5.04, 7.92, 10.8, "zh") == "7.9（5.0–10.8）万元"
    assert formats.wan_range(5.04, 7.92, 10.8, "en") == "79,200 (50,400–108,000) yuan"


def test_periods_are_as_short_as_they_can_be() -> None:
    assert formats.period(date(2025, 3, 1), date(2025, 3, 1), "zh") == "2025-03-01"
    assert formats.period(date(2025, 1, 1), date(2025, 3, 31), "zh") == "2025年第1季度"
    assert formats.period(date(2025, 1, 1), date(2026, 12, 31), "en") == "2025-01-01 – 2026-12-31"
    assert formats.period(date(2025, 1, 1), None, "en") == "2025-01-01 – —"


@given(st.floats(0, 1))
def test_only_nothing_is_nothing_and_only_all_is_all(share: float) -> None:
    assert (formats.percent(share) == "0%") == (share == 0)
    assert (formats.percent(share) == "100%") == (share == 1)


@given(st.integers(0, 99_999))
def test_chainage_counts_metres(value_m: int) -> None:
    kilometres, rest = formats.chainage(value_m).removeprefix("K").split("+")
    assert int(kilometres) * 1000 + int(rest) == value_m
