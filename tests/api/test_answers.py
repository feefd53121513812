"""Questions that an import asks, their answers from a file, and what the store remembers."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from typer.testing import CliRunner, Result

from api.cli import app
from data.geopackage_store import open_store

EAST, NORTH = 600_000, 3_470_000
ROADS = {
    "甲路": [(0, 0), (1000, 0)],
    "乙路": [(100, -200), (100, 200)],
    "丙路": [(500, -200), (500, 200)],
    "丁南路": [(900, -200), (900, 200)],
}
LIST = (
    "项目编号,项目名称,道路名称,起讫点,施工工艺,计划开工,计划竣工\n"
    "A,给水,甲路,乙路—丙路,开挖,2026-03-01,2026-05-01\n"
    "B,燃气,甲路,乙路—丁路,开挖,2026-03-01,2026-05-01\n"
)


def run(*words: str | Path) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words])


def done(*words: str | Path) -> dict[str, Any]:
    answer = run(*words, "--json")
    assert answer.exit_code == 0, answer.stderr
    return json.loads(answer.stdout)


def roads(path: Path, lines: Mapping[str, Iterable[tuple[int, int]]]) -> Path:
    rows = [
        f'{name},local,10,"LINESTRING ({", ".join(f"{EAST + x} {NORTH + y}" for x, y in line)})"'
        for name, line in lines.items()
    ]
    path.write_text("name,class,width,wkt\n" + "\n".join(rows) + "\n", "utf-8")
    return path


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Path]:
    """A store with four roads, a copy of it with the list, and what the list asks."""
    folder = tmp_path_factory.mktemp("town")
    bare, asked = folder / "bare.gpkg", folder / "asked.gpkg"
    done("import", "roads", roads(folder / "roads.csv", ROADS), "--crs", "EPSG:4549",
         "--store", bare)  # fmt: skip
    shutil.copy(bare, asked)
    (folder / "plan.csv").write_text(LIST, "utf-8")
    questions = folder / "questions.csv"
    done("import", "projects", folder / "plan.csv", "--store", asked, "--questions", questions)
    return bare, asked, questions


@pytest.fixture
def store(town: tuple[Path, Path, Path], tmp_path: Path) -> Path:
    """A store with four roads."""
    return Path(shutil.copy(town[0], tmp_path / "town.gpkg"))


@pytest.fixture
def asked(town: tuple[Path, Path, Path], tmp_path: Path) -> Path:
    """A store into which the list went, and its ``questions.csv`` beside it."""
    shutil.copy(town[2], tmp_path / "questions.csv")
    return Path(shutil.copy(town[1], tmp_path / "town.gpkg"))


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    path = tmp_path / "plan.csv"
    path.write_text(LIST, "utf-8")
    return path


def table(path: Path) -> list[dict[str, str]]:
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    return list(csv.DictReader(path.read_text("utf-8-sig").splitlines()))


def fill_in(path: Path, answer: str) -> None:
    lines = table(path)
    with path.open("w", encoding="utf-8-sig", newline="") as out:
        writer = csv.DictWriter(out, list(lines[0]))
        writer.writeheader()
        writer.writerows([line | {"answer": answer} for line in lines])


def places(store: Path) -> dict[str, tuple[float | None, str | None]]:
    with open_store(store) as opened:
        sites = opened.read_city().sites
    return {
        f"{code}/{site}": (
            None if missing else confidence, confirmed if isinstance(confirmed, str) else None,
        )
        for code, site, missing, confidence, confirmed in zip(
            sites["project_code"], sites["site_id"], sites.geometry.isna(),
            sites["place_confidence"], sites["confirmed"], strict=True,
        )
    }  # fmt: skip


def test_an_answer_confirms_a_place_and_holds_for_the_next_file(
    store: Path, plan: Path, tmp_path: Path
) -> None:
    file = tmp_path / "questions.csv"
    asked = done("import", "projects", plan, "--store", store, "--questions", file)
    assert [question["rows"] for question in asked["questions"]] == [[3]]
    assert asked["questions"][0]["candidates"][0]["geometry"]["type"] == "MultiLineString"
    assert places(store) == {"A/1": (0.95, None), "B/1": (None, None)}
    line = table(file)[0]
    assert (line["row"], line["kind"], line["answer"]) == ("3", "extent", "")
    assert line["candidate_1"]
    fill_in(file, "1")
    answered = done("import", "projects", plan, "--store", store, "--answers", file)
    assert answered["questions"] == []
    assert (answered["counts"]["changed"], answered["counts"]["unchanged"]) == (1, 1)
    assert places(store) == {"A/1": (0.95, None), "B/1": (1.0, "geometry")}
    # Once remembered it needs no file, and neither way changes anything any more.
    for words in ((), ("--answers", file)):
        again = done("import", "projects", plan, "--store", store, *words)
        assert (again["counts"]["changed"], again["questions"]) == (0, [])
        assert again["counts"]["revision"] == answered["counts"]["revision"]


def test_answers_may_be_words_of_a_candidate_another_text_or_none(
    asked: Path, plan: Path, tmp_path: Path
) -> None:
    file = tmp_path / "questions.csv"
    line = table(file)[0]
    for answer, known, left in (
        (line["candidate_1"], json.loads(line["candidate_keys"])[0], 0),
        ("甲路(乙路—丁南路)", "text:甲路(乙路—丁南路)", 0),
        ("都不是", "none", 0),
    ):
        fill_in(file, answer)
        answered = done("import", "projects", plan, "--store", asked, "--answers", file)
        assert len(answered["questions"]) == left
        with open_store(asked) as opened:
            assert list(opened.answers().values()) == [known]
    assert places(asked)["B/1"] == (None, None)


@pytest.mark.parametrize(
    ("extent", "answer", "found"),
    [
        ("乙路—丁路", "甲路(乙路—丁南路)", {"B/1"}),
        ("老地方", "甲路(乙路—丁南路)", {"B/1"}),
        ("", "甲路(乙路—丁南路)", {"B/1"}),
        ("乙路—丁路", "甲路(乙路—丙路)、甲路(丙路—丁南路)", {"B/1.1", "B/1.2"}),
    ],
    ids=["extent", "nowhere", "road only", "several"],
)
def test_words_that_a_person_gave_are_confirmed(
    store: Path, tmp_path: Path, extent: str, answer: str, found: set[str]
) -> None:
    plan, file = tmp_path / "plan.csv", tmp_path / "questions.csv"
    plan.write_text(
        LIST.splitlines()[0] + f"\nB,燃气,甲路,{extent},开挖,2026-03-01,2026-05-01\n", "utf-8"
    )
    done("import", "projects", plan, "--store", store, "--questions", file)
    fill_in(file, answer)
    answered = done("import", "projects", plan, "--store", store, "--answers", file)
    assert answered["questions"] == []
    assert places(store) == dict.fromkeys(found, (1.0, "geometry"))


def test_places_without_roads_remember_no_answers(plan: Path, store: Path, tmp_path: Path) -> None:
    file, empty = tmp_path / "questions.csv", tmp_path / "empty.gpkg"
    done("import", "projects", plan, "--store", store, "--questions", file)
    fill_in(file, "1")
    done("import", "projects", plan, "--store", empty)
    assert run("locate", plan, "--answers", file, "--store", empty).exit_code == 2
    with open_store(empty) as opened:
        assert opened.answers() == {}


def test_a_workbook_of_answers_is_read_too(asked: Path, plan: Path, tmp_path: Path) -> None:
    file = tmp_path / "questions.csv"
    book = openpyxl.Workbook()
    lines = table(file)
    book.active.append(list(lines[0]))
    for line in lines:
        book.active.append([1 if name == "answer" else value for name, value in line.items()])
    book.save(tmp_path / "answers.xlsx")
    done("import", "projects", plan, "--store", asked, "--answers", tmp_path / "answers.xlsx")
    assert places(asked)["B/1"] == (1.0, "geometry")


@pytest.mark.parametrize(
    ("answer", "said"), [("9", "no candidate"), ("0", "no candidate")], ids=["nine", "zero"]
)
def test_an_answer_that_is_no_candidate_is_refused(
    asked: Path, plan: Path, tmp_path: Path, answer: str, said: str
) -> None:
    file = tmp_path / "questions.csv"
    fill_in(file, answer)
    refused = run("import", "projects", plan, "--store", asked, "--answers", file, "--lang", "en")
    assert refused.exit_code == 3
    assert said in refused.stderr
    with open_store(asked) as opened:
        assert opened.answers() == {}


def test_a_table_that_is_no_list_of_questions_is_refused(store: Path, plan: Path) -> None:
    refused = run("import", "projects", plan, "--store", store, "--answers", plan, "--lang", "en")
    assert refused.exit_code == 3
    assert "no list of questions" in refused.stderr


def test_a_dry_run_remembers_nothing(store: Path, plan: Path, tmp_path: Path) -> None:
    file = tmp_path / "questions.csv"
    done("import", "projects", plan, "--store", store, "--questions", file, "--dry-run")
    fill_in(file, "1")
    done("import", "projects", plan, "--store", store, "--answers", file, "--dry-run")
    with open_store(store) as opened:
        assert opened.answers() == {}
        assert opened.read_city().projects.empty


def test_questions_never_become_formulas(store: Path, tmp_path: Path) -> None:
    plan = tmp_path / "plan.csv"
    plan.write_text("项目编号,起讫点\nA,@老地方\n", "utf-8")
    file = tmp_path / "questions.csv"
    done("import", "projects", plan, "--store", store, "--questions", file)
    for line in table(file):
        assert not any(value.startswith(("=", "+", "-", "@")) for value in line.values())


def test_other_names_and_landmarks_are_found(store: Path, tmp_path: Path) -> None:
    names = tmp_path / "names.csv"
    names.write_text("曾用名,道路名称\n老丁路,丁南路\n", "utf-8")
    bridges = tmp_path / "bridges.csv"
    bridges.write_text(f"类型,名称,范围\n桥梁,一号桥,POINT ({EAST + 300} {NORTH})\n", "utf-8")
    done("import", "aliases", names, "--store", store)
    done("import", "assets", bridges, "--crs", "EPSG:4549", "--store", store)
    plan = tmp_path / "plan.csv"
    plan.write_text("项目编号,起讫点\nA,甲路（丙路—老丁路）\nB,甲路（一号桥—丙路）\n", "utf-8")
    asked = done("import", "projects", plan, "--store", store)
    assert asked["questions"] == []
    assert [confidence for confidence, _ in places(store).values()] == [0.9, 0.9]


def test_new_roads_locate_again_what_words_located(store: Path, plan: Path, tmp_path: Path) -> None:
    done("import", "projects", plan, "--store", store)
    same = done("import", "roads", roads(tmp_path / "roads.csv", ROADS), "--crs", "EPSG:4549",
                "--store", store)  # fmt: skip
    with open_store(store) as opened:
        revision = opened.info().data_revision
        before = opened.read_city().sites
    assert same["details"]["relocated"] == 1
    assert same["counts"]["revision"] == revision
    # The road that B needs is built, and the one at which A ends is gone.
    others = {"丁路" if name == "丁南路" else name: line for name, line in ROADS.items()}
    del others["丙路"]
    report = done("import", "roads", roads(tmp_path / "new.csv", others), "--crs", "EPSG:4549",
                  "--store", store)  # fmt: skip
    assert places(store) == {"A/1": (None, None), "B/1": (0.95, None)}
    assert [fault["code"] for fault in report["faults"] if "lost" in fault["code"]] == [
        "placing.lost"
    ]
    assert len(report["questions"]) == 1
    with open_store(store) as opened:
        filings = opened.filings()
        after = opened.read_city().sites
    assert filings["source_row"].tolist() == [2, 3]
    assert after.drop(columns=["geometry", "footprint_source", "place_confidence", "inferred",
                               "confirmed"]).equals(
        before.drop(columns=["geometry", "footprint_source", "place_confidence", "inferred",
                             "confirmed"])
    )  # fmt: skip


def test_roads_that_come_after_the_list_locate_it(plan: Path, tmp_path: Path) -> None:
    store = tmp_path / "late.gpkg"
    told = done("import", "projects", plan, "--store", store)
    assert "placing.no_roads" in [fault["code"] for fault in told["faults"]]
    done("import", "roads", roads(tmp_path / "roads.csv", ROADS), "--crs", "EPSG:4549",
         "--store", store)  # fmt: skip
    assert places(store) == {"A/1": (0.95, None), "B/1": (None, None)}
    # The list itself says nothing new then.
    again = done("import", "projects", plan, "--store", store)
    assert again["counts"]["changed"] == 0
