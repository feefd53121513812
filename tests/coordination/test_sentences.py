"""Sentences say what is so, and each reader's language alone."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from typing import Any

from coordination import Policy, detect
from coordination.sentences import legal_basis, legal_basis_in
from coordination.wording import LANGUAGES, road_words, table

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


def said(city: Any, rule: str) -> tuple[str, str]:
    findings = detect(city, Policy(), as_of=date(2026, 1, 1)).table
    (row,) = findings[findings["rule"] == rule].to_dict("records")
    return row["reason_zh"], row["reason_en"]


def test_a_repeat_names_the_days_of_both_works(make_city: Make, work: Make) -> None:
    later = work("A", "2026-11-20", "2027-01-10")
    city = make_city(later, work("B", "2026-03-01", "2026-03-20"))
    zh, en = said(city, "repeat_excavation")
    assert zh.startswith(
        "甲路同一处将被重复开挖：前次 2026-03-01 至 03-20，B 工程B（单位B）；"
        "后次 2026-11-20 至 2027-01-10，A 工程A（单位A）；间隔 245 天，"
        "涉及路段 100 米、面积 300 平方米，这是该处 60 个月内第 2 次开挖。"
    )
    assert en.startswith(
        "甲路 is to be dug up again at the same place: first 2026-03-01 to 03-20 by B 工程B (单位B), "
        "then 2026-11-20 to 2027-01-10 by A 工程A (单位A), 245 day(s) apart; "
    )
    past = {
        "ledger_id": "L-1", "road": "甲路", "kind": "opening", "day": "2025-06-02",
        "start": "2025-06-02", "finish": "2025-06-02", "box": (100.0, 1.0, 200.0, 4.0),
    }  # fmt: skip
    zh, en = said(make_city(later, ledger=[past]), "repeat_excavation")
    assert "前次 2025-06-02，历史掘路 L-1；后次 2026-11-20" in zh
    assert "first 2025-06-02 by past opening L-1, then 2026-11-20" in en


def test_windows_of_one_first_day_are_told_in_the_order_of_their_last(
    make_city: Make, work: Make
) -> None:
    city = make_city(
        work("A", "2026-03-01", "2026-12-31", duration_days=5, stage="proposed"),
        work("B", "2026-03-01", "2026-12-30", duration_days=5, stage="proposed"),
    )
    zh, _ = said(city, "repeat_excavation")
    assert "B 工程B（单位B）的时间窗口为 2026-03-01 至 12-30，A 工程A（单位A）为 2026-03-01" in zh


def test_an_opportunity_names_the_days_of_both_works(make_city: Make, work: Make) -> None:
    first = work("B", "2026-03-01", "2026-03-31")
    near = work("A", "2026-03-22", "2026-04-30", box=(230.0, 1.0, 280.0, 4.0))
    zh, en = said(make_city(first, near), "opportunity")
    assert zh.startswith(
        "B 工程B（单位B）与A 工程A（单位A）在甲路相距 30 米，"
        "时间窗口分别为 2026-03-01 至 03-31 和 2026-03-22 至 04-30，重叠 10 天，可统筹为一次施工。"
    )
    assert "with the windows 2026-03-01 to 03-31 and 2026-03-22 to 04-30, which overlap for" in en
    surface = work("R", "2026-08-01", "2026-08-31", sector="road", utility=None, method="surface")
    zh, en = said(make_city(first, surface), "opportunity")
    assert "实施地下工程（2026-03-01 至 03-31），再由R 工程R（单位R）施工路面（2026-08-01" in zh
    assert "2026-03-01 to 03-31, comes before the road work of R" in en


def test_works_a_centimetre_apart_adjoin(make_city: Make, work: Make) -> None:
    city = make_city(
        work("A", "2026-03-01", "2026-03-31"),
        work("B", "2026-05-01", "2026-05-31", box=(200.01, 1.0, 280.0, 4.0)),
    )
    zh, en = said(city, "opportunity")
    assert "在甲路相邻，" in zh
    assert "adjoin on 甲路" in en


def test_works_that_meet_by_a_hair_only_touch(make_city: Make, work: Make) -> None:
    for low, told in ((3.99999, "作业范围不重叠"), (4.01, "没有共用路面")):
        box = (110.0, low, 180.0, 6.0)
        city = make_city(
            work("A", "2026-03-01", "2026-03-31"), work("B", "2026-03-01", "2026-03-31", box=box)
        )
        words = sentence(city, "concurrent_works")
        assert told in words
        assert "0.0" not in words.partition("影响指数")[0]


def test_days_that_are_over_ask_nobody_to_put_works_apart(make_city: Make, work: Make) -> None:
    city = make_city(
        work("A", "2025-11-01", "2026-03-31"),
        work("B", "2025-11-01", "2025-12-31", stage="proposed"),
    )
    findings = detect(city, Policy(), as_of=date(2025, 12, 31)).table
    (words,) = findings.loc[findings["rule"] == "concurrent_works", "reason_en"]
    assert "are planned for" in words
    assert "Agree on who goes first, or carry both out together." in words
    findings = detect(city, Policy(), as_of=date(2026, 1, 1)).table
    (row,) = findings[findings["rule"] == "concurrent_works"].to_dict("records")
    assert "were planned for" in row["reason_en"]
    assert "the 61 day(s) that their windows share are over" in row["reason_en"]
    assert "时间窗口重叠的 61 天已过；" in row["reason_zh"]
    assert "统筹为一次施工" not in row["reason_zh"]


def test_a_road_without_a_name_is_called_that() -> None:
    assert road_words("#17", "zh") == "无名道路（#17）"
    assert road_words("七莘路/#17", "en") == "七莘路/an unnamed road (#17)"
    assert road_words("A58/M606", "en") == "A58/M606"


def test_a_repeat_says_what_can_still_be_done(make_city: Make, work: Make) -> None:
    later = work("B", "2026-08-01", "2026-08-31")
    ahead = sentence(make_city(work("A", "2026-03-01", "2026-03-31"), later), "repeat_excavation")
    assert "请商议能否合为一次开挖" in ahead
    done = sentence(make_city(work("A", "2025-11-01", "2025-11-30"), later), "repeat_excavation")
    assert "请评估后次在该处能否不开挖" in done


def test_works_on_one_ground_do_not_only_adjoin(make_city: Make, work: Make) -> None:
    # A bored pipe opens its pits alone: the trench between them opens other ground.
    city = make_city(
        work("A", "2026-03-01", "2026-03-31", method="trenchless", box=(50.0, 1.0, 250.0, 4.0)),
        work("B", "2026-08-01", "2026-08-31", box=(110.0, 1.0, 190.0, 4.0)),
    )
    assert "位于同一处，路段 80 米、面积 240 平方米" in sentence(city, "opportunity")


def test_an_english_sentence_begins_with_a_capital(make_city: Make, work: Make) -> None:
    city = make_city(
        work("A", "2026-03-01", "2026-03-31"), work("B", "2026-08-01", "2026-08-31"), roads=False
    )
    findings = detect(city, Policy(), as_of=date(2026, 1, 1)).table
    (words,) = findings.loc[findings["rule"] == "repeat_excavation", "reason_en"]
    assert words.startswith("The same footprint is to be dug up again")
