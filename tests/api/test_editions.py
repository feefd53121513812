"""A list and its next edition through the command line: what is asked, and what answers change."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from api.cli import app
from data.geopackage_store import open_store

HEADER = "项目编号,项目名称,项目单位,行业,道路名称,施工工艺,计划开工,计划竣工,项目阶段,备注,范围"
EAST, NORTH = 600_000, 3_470_000
AS_OF = date(2026, 11, 20)


def place(number: int) -> str:
    x = EAST + 400 * number
    ring = [(x, NORTH), (x + 200, NORTH), (x + 200, NORTH + 6), (x, NORTH + 6), (x, NORTH)]
    return '"POLYGON ((' + ", ".join(f"{a} {b}" for a, b in ring) + '))"'


def row(
    code: str, number: int, *, start: str = "2027-03-01", finish: str = "2027-05-31",
    stage: str = "年度计划", remark: str = "", name: str | None = None,
) -> str:  # fmt: skip
    road = "甲乙丙丁戊己庚辛"[number] + "路"
    name = name or f"{road}给水管"
    return f"{code},{name},水务{number}所,市政管线,{road},开挖,{start},{finish},{stage},{remark},{place(number)}"


FIRST = [
    row("A1", 0), row("A2", 1), row("A3", 2, stage="储备库"), row("A4", 3, stage="批复"),
    row("A5", 4, start="2026-03-01", finish="2026-04-30"), row("A6", 5),
]  # fmt: skip
NEXT = [
    row("A1", 0, start="2027-03-21", finish="2027-06-20"), row("A2", 1, remark="夜间施工"),
    row("N3", 2, stage="储备库"), row("A7", 6, remark="待丙路给水管完成后实施"),
]  # fmt: skip


def run(*words: str | Path) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words])


def done(*words: str | Path) -> dict[str, Any]:
    answer = run(*words, "--json")
    assert answer.exit_code == 0, answer.stderr
    return json.loads(answer.stdout)


def write(path: Path, rows: list[str]) -> Path:
    path.write_text("\n".join([HEADER, *rows]) + "\n", "utf-8")
    return path


@pytest.fixture
def store(town: Path, tmp_path: Path) -> Path:
    """A store that holds the first edition, judged on 2026-11-20."""
    return Path(shutil.copy(town, tmp_path / "town.gpkg"))


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The store of which every test takes a copy."""
    folder = tmp_path_factory.mktemp("town")
    path = folder / "town.gpkg"
    done("import", "projects", write(folder / "2026.csv", FIRST), "--crs", "EPSG:4549",
         "--store", path)  # fmt: skip
    with open_store(path) as opened, opened.transaction("test") as change:
        change.set_as_of(AS_OF)
    return path


@pytest.fixture
def following(tmp_path: Path) -> Path:
    return write(tmp_path / "2027.csv", NEXT)


def listed(store: Path, file: Path, *words: str | Path) -> dict[str, Any]:
    return done("import", "projects", file, "--crs", "EPSG:4549", "--store", store, *words)


def answered(path: Path, answers: Mapping[str, str]) -> Path:
    """Fill in the answers by the subject of the question."""
    lines = list(csv.DictReader(path.read_text("utf-8-sig").splitlines()))
    assert set(answers) <= {line["subject"] for line in lines}
    out = path.with_name("answers.csv")
    with out.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, list(lines[0]))
        writer.writeheader()
        writer.writerows([line | {"answer": answers.get(line["subject"], "")} for line in lines])
    return out


def stages(store: Path) -> dict[str, str]:
    with open_store(store) as opened:
        projects = opened.read_city().projects
    return dict(zip(projects["code"], projects["stage"], strict=True))


def whole(store: Path, *codes: str) -> list[dict[str, Any]]:
    """Return everything that the store knows of projects but stage and revision."""
    with open_store(store) as opened:
        city, filings = opened.read_city(), opened.filings()
    filings["wkb"] = filings["wkb"].map(bytes.hex)
    kept = []
    for code in codes:
        sites = city.sites[city.sites["project_code"] == code]
        project = city.projects[city.projects["code"] == code].drop(columns=["stage", "revision"])
        kept.append(
            {
                "project": project.astype(object).where(project.notna(), None).to_dict("records"),
                "sites": sites.to_wkb(hex=True).astype(str).to_dict("records"),
                "filings": filings[filings["project_code"] == code].astype(str).to_dict("records"),
            }
        )
    return kept


def subjects(report: Mapping[str, Any]) -> list[str]:
    return [question["subject"] for question in report["questions"]]


GONE = ["gone: A4", "gone: A6"]
SAME = "renumbered: N3 = A3"
WAITS = "待丙路给水管完成后实施 [depends_on: A7]"


def test_a_comparison_writes_nothing_and_asks_everything(
    store: Path, following: Path, tmp_path: Path
) -> None:
    before = store.read_bytes()
    page = tmp_path / "comparison.csv"
    told = listed(store, following, "--compare", "--compare-out", page)
    assert store.read_bytes() == before
    assert told["written"] is False
    assert told["comparison"]["counts"] == {
        "new": 1, "renumbered": 1, "moved": 1, "changed": 1, "gone": 3, "unchanged": 0,
    }  # fmt: skip
    assert told["comparison"]["continues"] == ["2026.csv"]
    assert subjects(told) == [WAITS, SAME, *GONE]
    lines = list(csv.DictReader(page.read_text("utf-8-sig").splitlines()))
    assert {line["code"]: line["status"] for line in lines} == {
        "A1": "moved", "A2": "changed", "N3": "renumbered", "A7": "new", "A4": "gone",
        "A5": "gone", "A6": "gone",
    }  # fmt: skip
    assert lines[5]["text"] == "A5 戊路给水管：上一版有，本次没有；原定时间已过。"


@pytest.mark.parametrize("late", [False, True], ids=["compared first", "imported first"])
def test_answers_withdraw_complete_keep_and_recognise(
    store: Path, following: Path, tmp_path: Path, *, late: bool
) -> None:
    file = tmp_path / "questions.csv"
    absent = whole(store, "A4", "A5", "A6")
    listed(store, following, "--questions", file, *(() if late else ("--compare",)))
    assert ("N3" in stages(store)) == late
    answers = answered(file, {GONE[0]: "stage:withdrawn", GONE[1]: "已竣工", SAME: "1", WAITS: "1"})
    told = listed(store, following, "--answers", answers)
    assert subjects(told) == []
    assert stages(store) == {
        "A1": "annual_plan", "A2": "annual_plan", "A3": "reserve", "A4": "withdrawn",
        "A5": "annual_plan", "A6": "completed", "A7": "annual_plan",
        **({"N3": "withdrawn"} if late else {}),
    }  # fmt: skip
    # Nothing else of the absent ones changed: neither sites nor what was filed.
    assert whole(store, "A4", "A5", "A6") == absent
    with open_store(store) as opened:
        city, filings = opened.read_city(), opened.filings(["A3", "A4"])
        log = opened.changes()
        opened.verify()
    waits = city.projects.set_index("code")["depends_on"]
    assert waits["A7"] == "A3"
    assert dict(zip(filings["project_code"], filings["source_file"], strict=True)) == {
        "A3": "2026.csv", "A4": "2026.csv",
    }  # fmt: skip
    withdrawn = [one for one in log if one.key == "A4" and one.action == "update"]
    assert [
        (one.before["stage"], one.after["stage"]) for one in withdrawn if one.before and one.after
    ] == [("approved", "withdrawn")]
    assert withdrawn[0].before is not None
    assert withdrawn[0].after is not None
    assert withdrawn[0].before["sites"] == withdrawn[0].after["sites"]
    # Once it is in, the same list says nothing new, with its answers or without them.
    for words in ((), ("--answers", answers)):
        again = listed(store, following, *words)
        assert (again["counts"]["new"], again["counts"]["changed"]) == (0, 0)
        assert again["counts"]["revision"] == told["counts"]["revision"]
        assert subjects(again) == []


def test_a_renumbered_project_keeps_its_findings_and_decisions(
    store: Path, following: Path, tmp_path: Path
) -> None:
    beside = row("B1", 2, name="丙路燃气管", start="2027-04-01").replace("水务2所", "燃气公司")
    done("import", "projects", write(tmp_path / "gas.csv", [beside]), "--crs", "EPSG:4549",
         "--store", store)  # fmt: skip
    done("detect", "--store", store)

    def found() -> dict[str, tuple[str, str, str]]:
        with open_store(store) as opened:
            findings = opened.read_findings()
        assert findings is not None
        table = findings.table
        both = table[table["rule"].isin(["concurrent_works", "duplicate_project"])]
        return {
            str(one["finding_id"]): (one["project_a"], one["project_b"], one["status"])
            for one in both.to_dict("records")
        }

    (finding,) = found()
    assert found()[finding] == ("A3", "B1", "open")
    with open_store(store) as opened, opened.transaction("test") as change:
        change.put_decision(
            finding,
            {"status": "resolved", "note": "同沟同槽", "agreed_item": None, "deadline": None},
        )
    file = tmp_path / "questions.csv"
    listed(store, following, "--compare", "--questions", file)
    listed(store, following, "--answers", answered(file, {SAME: "1"}))
    done("detect", "--store", store)
    assert found() == {finding: ("A3", "B1", "resolved")}
    with open_store(store) as opened:
        assert opened.decisions()["note"].tolist() == ["同沟同槽"]
    # The next list writes the new code too, with another name: it is still the same project.
    later = write(tmp_path / "2028.csv", [*NEXT[:2], row("N3", 2, name="丙路改造"), NEXT[3]])
    told = listed(store, later)
    assert "N3" not in stages(store)
    assert told["comparison"]["counts"]["new"] == 0
    with open_store(store) as opened:
        names = opened.read_city().projects.set_index("code")["name"]
    assert names["A3"] == "丙路改造"


def test_what_is_not_the_same_stays_apart(store: Path, following: Path, tmp_path: Path) -> None:
    file = tmp_path / "questions.csv"
    listed(store, following, "--compare", "--questions", file)
    told = listed(store, following, "--answers", answered(file, {SAME: "都不是"}))
    assert told["comparison"]["counts"]["new"] == 2
    assert subjects(told) == [WAITS, "gone: A3", *GONE]
    assert {"A3", "N3"} <= stages(store).keys()


def test_questions_stay_until_they_are_answered(
    store: Path, following: Path, tmp_path: Path
) -> None:
    listed(store, following)
    assert {*GONE} <= set(subjects(listed(store, following)))
    # The edition after that still asks about what was lost two editions ago, until it is kept.
    third = write(tmp_path / "2028.csv", NEXT[:2] + NEXT[3:])
    file = tmp_path / "questions.csv"
    assert {*GONE} <= set(subjects(listed(store, third, "--questions", file)))
    told = listed(store, third, "--answers", answered(file, dict.fromkeys(GONE, "3")))
    assert not {*GONE} & set(subjects(told))
    assert stages(store)["A4"] == "approved"


def test_a_project_that_comes_back_is_no_longer_withdrawn(
    store: Path, following: Path, tmp_path: Path
) -> None:
    file = tmp_path / "questions.csv"
    listed(store, following, "--compare", "--questions", file)
    listed(store, following, "--answers", answered(file, {GONE[0]: "1"}))
    assert stages(store)["A4"] == "withdrawn"
    back = write(tmp_path / "back.csv", [*NEXT, FIRST[3]])
    listed(store, back)
    assert stages(store)["A4"] == "approved"
    # Gone once more it is asked about once more: the earlier answer was about the earlier list.
    assert "gone: A4" in subjects(listed(store, following, "--edition-of", "back.csv"))


def test_many_absent_projects_are_answered_at_once_and_for_each(tmp_path: Path) -> None:
    store = tmp_path / "town.gpkg"
    many = [
        f"M{n},工程{n},单位{n % 3},市政管线,{n}路,开挖,2027-03-01,2027-05-31,年度计划,,"
        f'"POINT ({EAST + 300 * n} {NORTH})"'
        for n in range(60)
    ]
    listed(store, write(tmp_path / "all.csv", many))
    with open_store(store) as opened, opened.transaction("test") as change:
        change.set_as_of(AS_OF)
    part = write(tmp_path / "part.csv", many[:30])
    file = tmp_path / "questions.csv"
    told = listed(store, part, "--compare", "--questions", file)
    (question,) = told["questions"]
    assert question["proposed"] is None
    told = listed(store, part, "--answers", answered(file, {question["subject"]: "all:keep"}))
    assert told["counts"]["changed"] == 0
    with open_store(store) as opened:
        kept = opened.answers()
    assert [kept[f"edition:gone:m{number}"] for number in (30, 59)] == ["keep", "keep"]
    again = listed(store, part)
    assert (again["questions"], again["counts"]["revision"]) == ([], told["counts"]["revision"])
    # A list that has lost one more asks about that one only.
    less = listed(store, write(tmp_path / "less.csv", many[:29]))
    assert subjects(less) == ["gone: M29"]


def test_the_edition_of_an_unknown_list_is_a_wrong_use(store: Path, following: Path) -> None:
    refused = run("import", "projects", following, "--store", store, "--crs", "EPSG:4549",
                  "--edition-of", "2025.csv", "--lang", "en")  # fmt: skip
    assert refused.exit_code == 2
    assert "Stored lists: 2026.csv." in refused.stderr
    refused = run("import", "roads", following, "--store", store, "--compare", "--lang", "en")
    assert refused.exit_code == 2


def test_a_list_with_places_follows_one_without(tmp_path: Path) -> None:
    store = tmp_path / "town.gpkg"
    bare = [line.rsplit(',"', 1)[0] + "," for line in FIRST]
    done("import", "projects", write(tmp_path / "bare.csv", bare), "--store", store)
    file = tmp_path / "questions.csv"
    told = listed(store, write(tmp_path / "drawn.csv", FIRST[:5]), "--questions", file)
    assert subjects(told) == ["gone: A6"]
    listed(store, tmp_path / "drawn.csv", "--answers", answered(file, {"gone: A6": "1"}))
    assert stages(store)["A6"] == "withdrawn"
