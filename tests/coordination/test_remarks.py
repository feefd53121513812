"""Remarks become questions, and answers fill what the list leaves open."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from coordination.questions import together
from coordination.remarks import RemarksRead, read_remarks, with_confirmed
from coordination.wording import LANGUAGES

FIELDS = ("method", "stage", "safety_critical", "fixed", "depends_on", "road")


def rows_of(*rows: dict[str, Any]) -> pd.DataFrame:
    table = pd.DataFrame([dict(row) for row in rows], dtype="object")
    for name in FIELDS:
        if name not in table:
            table[name] = pd.Series(None, index=table.index, dtype="object")
    table = table.astype("object").where(table.notna(), None)
    return table.assign(row=range(2, len(table) + 2))


def read(*rows: dict[str, Any], answers: dict[str, str] | None = None, **more: Any) -> RemarksRead:
    return read_remarks(rows_of(*rows), answers=answers, **more)


def filled(*rows: dict[str, Any], answers: dict[str, str]) -> pd.DataFrame:
    table = rows_of(*rows)
    return with_confirmed(table, read_remarks(table, answers=answers).confirmed)


def test_the_same_words_of_the_method_are_one_question_with_its_rows() -> None:
    told = read(
        {"code": "A", "remark": "采用顶管施工"}, {"code": "B", "remark": "采用顶管施工"},
        {"code": "C", "remark": "采用顶管施工", "method": "trenchless"},
    )  # fmt: skip
    ((question, numbers),) = together(told.questions)
    assert numbers == (2, 3)
    assert question.reason.params["count"] == 2
    assert question.proposed == "method:trenchless"
    assert "2 行" in question.reason.text("zh")
    assert told.confirmed.empty


def test_a_state_is_asked_for_each_project() -> None:
    told = read({"code": "A", "remark": "已完工"}, {"code": "B", "remark": "已完工"})
    assert [question.subject for question in told.questions] == [
        "已完工 [stage: A]", "已完工 [stage: B]",
    ]  # fmt: skip


def test_an_answer_never_overrules_a_method_that_another_row_gives() -> None:
    rows = (
        {"code": "A", "remark": "采用顶管施工"},
        {"code": "B", "remark": "采用顶管施工", "method": "open_cut"},
    )
    asked = {question.key: question for question in read(*rows).questions}
    assert set(asked) == {
        "remark:采用顶管施工[method]", "remark:采用顶管施工[method=open_cut]",
    }  # fmt: skip
    assert asked["remark:采用顶管施工[method=open_cut]"].proposed is None
    blank = {"remark:采用顶管施工[method]": "method:trenchless"}
    assert filled(*rows, answers=blank)["method"].tolist() == ["trenchless", "open_cut"]
    both = blank | {"remark:采用顶管施工[method=open_cut]": "method:trenchless"}
    assert filled(*rows, answers=both)["method"].tolist() == ["trenchless", "trenchless"]
    # A list that fills its cell in the next edition is not overruled by what was said before.
    later = ({"code": "A", "remark": "采用顶管施工", "method": "open_cut"},)
    assert filled(*later, answers=blank)["method"].tolist() == ["open_cut"]


def test_a_later_state_of_the_work_is_proposed_against_the_column() -> None:
    (question,) = read({"code": "A", "remark": "已完工", "stage": "approved"}).questions
    assert (question.reason.code, question.proposed) == (
        "remarks.ask.stage_differs",
        "stage:completed",
    )
    (question,) = read({"code": "A", "remark": "施工中", "stage": "completed"}).questions
    assert question.proposed is None
    assert read({"code": "A", "remark": "已完工", "stage": "completed"}).questions == ()


@pytest.mark.parametrize(
    "remark",
    ["尚未完工", "无需开挖", "非应急工程", "如遇塌陷另行处理", "原计划开挖，现改为另行安排",
     "避免重复开挖", "不得开挖", "没有安全隐患"],
)  # fmt: skip
def test_what_is_denied_or_a_condition_is_not_asked(remark: str) -> None:
    assert read({"code": "A", "remark": remark}).questions == ()


def test_what_is_left_open_is_asked_without_a_proposal() -> None:
    (question,) = read({"code": "A", "remark": "部分路段可能采用顶管"}).questions
    assert question.proposed is None


def test_a_confirmed_dependence_fills_the_field_of_the_whole_project() -> None:
    rows = (
        {"code": "A", "name": "甲路雨水管"}, {"code": "B", "remark": "待甲路雨水管完成后实施"},
        {"code": "B", "depends_on": "X"},
    )  # fmt: skip
    (question,) = read(*rows).questions
    assert (question.proposed, question.candidates[0].value) == ("A", {"depends_on": "A"})
    table = filled(*rows, answers={question.key: "A"})
    assert table["depends_on"].tolist() == [None, "A", "X A"]
    assert table["confirmed"].tolist() == ["", "depends_on", "depends_on"]
    assert filled(*rows, answers={question.key: "none"})["depends_on"].tolist() == [None, None, "X"]


def test_a_confirmed_partner_is_remembered_and_fills_no_column() -> None:
    rows = ({"code": "A", "name": "甲路雨水管"}, {"code": "B", "remark": "与甲路雨水管同步实施"})
    (question,) = read(*rows).questions
    assert question.key == "remark:与甲路雨水管同步实施[bundle_with:b]"
    told = read(*rows, answers={question.key: "A"})
    assert told.questions == ()
    assert told.confirmed.to_dict("records") == [{"row": 1, "field": "bundle_with", "value": "A"}]
    table = filled(*rows, answers={question.key: "A"})
    assert table["confirmed"].tolist() == ["", ""]
    assert "bundle_with" not in table


@pytest.mark.parametrize("answer", ["method:slurry", "text:不知道", "X9"])
def test_an_answer_that_means_nothing_settles_nothing(answer: str) -> None:
    rows = ({"code": "A", "remark": "采用顶管施工"},)
    told = read(*rows, answers={"remark:采用顶管施工[method]": answer})
    assert len(told.questions) == 1
    assert told.confirmed.empty


def test_every_question_reads_in_both_languages() -> None:
    told = read(
        {"code": "A", "name": "甲路雨水管", "remark": "采用顶管施工，时间不可调整。路面塌陷。施工中"},
        {"code": "B", "remark": "与甲路雨水管同步；待甲路雨水管完成后实施", "method": "none"},
        {"code": "C", "remark": "开挖。已完工。塌陷。工期固定", "method": "none", "stage": "approved",
         "safety_critical": False, "fixed": False},
    )  # fmt: skip
    assert len(told.questions) >= 9
    for question in told.questions:
        for lang in LANGUAGES:
            words = [question.reason.text(lang), *(one.text(lang) for one in question.candidates)]
            assert not [word for word in words if "{" in word or not word.strip()]
