"""The check before approval as people and machines get it, and as evidence."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from typer.testing import CliRunner

from api.app import create_app
from api.cli import app
from api.settings import Settings


def run(*words: object, lang: str = "zh") -> Any:
    return CliRunner().invoke(app, [str(word) for word in words], env={"DIGONCE_LANG": lang})


def feature(code: str, start: str, finish: str, **values: str) -> dict[str, Any]:
    west, south, east, north = 121.25, 31.38, 121.251, 31.3800300
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {
        "type": "Feature",
        "geometry": {"type": "Polygon", "coordinates": [ring]},
        "properties": {
            "项目编号": code, "项目名称": f"{code}工程", "项目单位": f"{code}单位", "行业": "市政管线",
            "施工工艺": "开挖", "项目阶段": "年度计划", "计划开工": start, "计划竣工": finish,
        } | values,
    }  # fmt: skip


def written(path: Path, *features: dict[str, Any]) -> Path:
    body = {"type": "FeatureCollection", "features": list(features)}
    path.write_text(json.dumps(body, ensure_ascii=False), encoding="utf-8")
    return path


@pytest.fixture
def store(tmp_path: Path) -> Path:
    path = tmp_path / "town.gpkg"
    assert run("init", "--store", path, "--crs", "EPSG:4549").exit_code == 0
    source = written(tmp_path / "b.geojson", feature("B", "2026-03-01", "2026-04-15"))
    answer = run("import", "projects", source, "--store", path, "--frame", "wgs84")
    assert answer.exit_code == 0, answer.stderr
    return path


def test_a_check_proposes_shows_and_stays_as_it_was(store: Path, tmp_path: Path) -> None:
    source = written(tmp_path / "a.geojson", feature("A", "2026-06-01", "2026-06-30"))
    words = ("check", source, "--store", store, "--as-of", "2026-01-01", "--frame", "wgs84")
    answer = run(*words, "--json")
    assert answer.exit_code == 0, answer.stderr
    document = json.loads(answer.stdout)
    project = document["projects"][0]
    assert project["verdict"] == "coordinate"
    assert project["movable"] == {"earliest": "2026-03-03", "latest": "2026-09-28"}
    best = project["alternatives"][0]
    assert (best["start"], best["finish"], best["moved_days"]) == ("2026-04-16", "2026-05-15", -46)
    assert [one["rule"] for one in best["avoids"]] == ["repeat_excavation"]
    assert best["shares_opening_with"] == ["B"]
    assert 0 < best["saves_wan"]["low"] < best["saves_wan"]["mid"] < best["saves_wan"]["high"]
    assert project["no_alternative"] is None
    assert [one["codes"] for one in project["bundles"]] == [["B"]]
    assert project["approval"]["tier"]
    assert isinstance(project["approval"]["site_visit"], bool)
    for line in (
        "A: 需协调",
        "替代时间窗口",
        "1. 2026-04-16 至 2026-05-15",
        "审批档次",
        "批前踏勘",
    ):
        assert line in answer.stderr
    # The data move on; the answer does not.
    later = written(tmp_path / "b2.geojson", feature("B", "2027-03-01", "2027-04-15"))
    moved = run("import", "projects", later, "--store", store, "--frame", "wgs84")
    assert moved.exit_code == 0, moved.stderr
    again = run("check", "--show", document["check_id"], "--store", store, "--json", lang="en")
    assert json.loads(again.stdout) == document
    assert "Other windows, best first:" in again.stderr
    client = TestClient(create_app(Settings(store=str(store), demo=True)))
    host = {"Host": "127.0.0.1"}
    kept = client.get(f"/api/v1/checks/{document['check_id']}", headers=host)
    assert kept.json() == document
    fresh = run(*words, "--json")
    assert json.loads(fresh.stdout)["data_revision"] > document["data_revision"]


def test_tentative_projects_are_checked_against_each_other(store: Path, tmp_path: Path) -> None:
    source = written(
        tmp_path / "two.geojson",
        feature("C", "2026-09-01", "2026-09-30", 项目阶段="批复"),
        feature("D", "2026-09-15", "2026-10-14", 项目阶段="批复"),
    )
    answer = run(
        "check", source, "--store", store, "--as-of", "2026-01-01", "--frame", "wgs84", "--json"
    )
    found = {one["code"]: one for one in json.loads(answer.stdout)["projects"]}
    for code, other in (("C", "D"), ("D", "C")):
        names = [(one["project_a"], one["project_b"]) for one in found[code]["findings"]]
        assert ("C", "D") in names
        assert other in {name for one in found[code]["bundles"] for name in one["codes"]}


@pytest.mark.parametrize(
    ("words", "zh", "en"),
    [
        (("check",), "请给出要核查的文件", "Name the file to check"),
        (("check", "--show", "none"), "没有编号为 none 的核查记录", "There is no check none"),
    ],
)
def test_wrong_questions_are_answered(
    store: Path, words: tuple[str, ...], zh: str, en: str
) -> None:
    for lang, said in (("zh", zh), ("en", en)):
        answer = run(*words, "--store", store, lang=lang)
        assert answer.exit_code == 2
        assert said in answer.stderr
