"""Projects that something joins on paper: what is asked, and what an answer changes."""

from __future__ import annotations

import pandas as pd
import pytest

from coordination.dossiers import already_joined, dossier_questions, dossiers, shared_number
from coordination.wording import LANGUAGES

PROJECTS = pd.DataFrame(
    {
        "code": ["A", "B", "C", "D", "E"],
        "owner_unit": ["水务", "水务", "燃气", "燃气", None],
        "sector": "pipeline",
        "work_type": "rebuild",
        "external_id": ["甲-7", "甲-7", None, None, None],
        "permit_no": ["9", "9", "9", None, None],
        "remark": [None, None, None, "与E打包。夜间施工", "夜间施工；与E打包"],
    },
    dtype="object",
)


def test_a_number_joins_its_carriers_and_the_stronger_one_is_named() -> None:
    a, b = pd.Series(["A", "A", "A", "D"]), pd.Series(["B", "C", None, "E"])
    assert shared_number(PROJECTS, a, b).tolist() == ["甲-7", "9", None, None]


def test_dossiers_have_two_members_and_are_told_once() -> None:
    told = dossiers(PROJECTS)
    assert told.values.tolist() == [
        ["external_id", "甲-7", "A"], ["external_id", "甲-7", "B"],
        ["permit_no", "9", "A"], ["permit_no", "9", "B"], ["permit_no", "9", "C"],
        ["remark", "与E打包", "D"], ["remark", "与E打包", "E"],
    ]  # fmt: skip
    same = PROJECTS.assign(permit_no=["9", "9", None, None, None])
    assert "permit_no" not in set(dossiers(same)["by"])


def test_questions_propose_one_project_only_for_one_unit() -> None:
    asked = {question.subject: question.proposed for question in dossier_questions(PROJECTS)}
    assert asked == {
        "甲-7 [external_id]": "one_project", "9 [permit_no]": "bundle", "与E打包 [remark]": "bundle",
    }  # fmt: skip
    few = dossier_questions(PROJECTS, among=pd.Series(["C"]))
    assert [question.subject for question in few] == ["9 [permit_no]"]
    for lang in LANGUAGES:
        assert "甲-7" in dossier_questions(PROJECTS)[0].reason.text(lang)


@pytest.mark.parametrize(
    ("answer", "left"),
    [("separate", 2), ("bundle", 2), ("one_project", 2), ("none", 2), ("text:不清楚", 3)],
)
def test_an_answer_settles_a_question_and_other_words_do_not(answer: str, left: int) -> None:
    question = dossier_questions(PROJECTS)[0]
    assert len(dossier_questions(PROJECTS, {question.key: answer})) == left


@pytest.mark.parametrize(
    ("answers", "joined"),
    [
        ({}, "甲-7"),
        ({"dossier:甲-7[external_id]": "bundle"}, "甲-7"),
        ({"dossier:甲-7[external_id]": "one_project"}, "甲-7"),
        # The permit still joins them until somebody says that it does not either.
        ({"dossier:甲-7[external_id]": "separate"}, "9"),
        ({"dossier:甲-7[external_id]": "separate", "dossier:9[permit_no]": "separate"}, None),
    ],
)
def test_separate_takes_the_mark_away(answers: dict[str, str], joined: str | None) -> None:
    pair = (pd.Series(["A"]), pd.Series(["B"]))
    assert already_joined(PROJECTS, *pair, answers).tolist() == [joined]


def test_words_join_two_projects_only_when_somebody_said_so() -> None:
    pair = (pd.Series(["E", "D"]), pd.Series(["D", "C"]))
    assert already_joined(PROJECTS, *pair).tolist() == [None, None]
    answers = {"dossier:与e打包[remark]": "bundle"}
    assert already_joined(PROJECTS, *pair, answers).tolist() == ["与E打包", None]
    answers = {"dossier:与e打包[remark]": "separate"}
    assert already_joined(PROJECTS, *pair, answers).tolist() == [None, None]


def test_a_confirmed_partner_joins_both_whichever_way_round() -> None:
    answers = {"remark:与燃气同步[bundle_with:d]": "B", "remark:结合x[bundle_with:gone]": "A"}
    pair = (pd.Series(["B", "D", "A"]), pd.Series(["D", "B", "B"]))
    assert already_joined(PROJECTS.drop(columns="permit_no"), *pair, answers).tolist() == [
        "B + D", "B + D", "甲-7",
    ]  # fmt: skip
    none = {"remark:与燃气同步[bundle_with:d]": "none"}
    assert already_joined(PROJECTS, pd.Series(["B"]), pd.Series(["D"]), none).tolist() == [None]


def test_a_partner_named_under_a_code_that_was_renumbered_is_the_stored_one() -> None:
    answers = {
        "remark:与燃气同步[bundle_with:n4]": "B", "edition:renumbered:n4=d": "same:D",
    }  # fmt: skip
    pair = (pd.Series(["B"]), pd.Series(["D"]))
    assert already_joined(PROJECTS, *pair, answers).tolist() == ["B + D"]
