"""Sentences say what is so, and each reader's language alone."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from typing import Any

from coordination import Policy, detect
from coordination.sentences import legal_basis, legal_basis_in
from coordination.wording import LANGUAGES, table

Make = Callable[..., Any]


def sentence(city: Any, rule: str) -> str:
    findings = detect(city, Policy(), as_of=date(2026, 1, 1)).table
    (words,) = findings.loc[findings["rule"] == rule, "reason_zh"]
    return str(words)


def test_only_the_article_on_no_dig_is_cited_and_each_language_stands_alone() -> None:
    for rule in table("findings.legal_basis", "zh"):
        both = legal_basis(rule)
        cited = re.findall(r"第.+?条|art\. \d+|§", both)
        assert cited == (["第三十三条", "art. 33"] if rule.startswith("no_dig_") else [])
        assert [legal_basis_in(both, lang) for lang in LANGUAGES] == [
            legal_basis(rule, lang) for lang in LANGUAGES
        ]


def test_the_right_order_rests_on_the_law(make_city: Make, work: Make) -> None:
    city = make_city(
        work("A", "2026-03-01", "2026-03-31"),
        work("B", "2026-08-01", "2026-08-31", sector="road", utility=None, method="surface"),
    )
    (row,) = detect(city, Policy(), as_of=date(2026, 1, 1)).table.to_dict("records")
    assert row["legal_basis"].startswith("先地下后地上")


def test_works_that_touch_share_no_surface(make_city: Make, work: Make) -> None:
    city = make_city(
        work("A", "2026-03-01", "2026-03-31"),
        work("B", "2026-03-01", "2026-03-31", box=(200.0, 1.0, 280.0, 4.0)),
    )
    assert "没有共用路面" in sentence(city, "concurrent_works")


def test_a_side_of_the_road_opened_twice_beside_itself_has_no_area(
    make_city: Make, work: Make
) -> None:
    city = make_city(
        work("A", "2026-03-01", "2026-03-31", box=(100.0, 0.5, 200.0, 2.0)),
        work("B", "2026-08-01", "2026-08-31", box=(100.0, 3.0, 200.0, 5.0)),
    )
    assert "道路同侧 100 米（作业范围不重叠）" in sentence(city, "repeat_excavation")


def test_what_only_contradicts_itself_is_not_called_missing(make_city: Make, work: Make) -> None:
    city = make_city(work("A", "2026-03-01", "2026-03-31", area_m2=900.0))
    assert "前后不一" in sentence(city, "incomplete_data")
    city = make_city(work("A", "2026-03-01", "2026-03-31", method=None))
    assert "请补充" in sentence(city, "incomplete_data")
