"""Stages through the store, the command line and HTTP: gates, overrides, the roll, papers."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from typer.testing import CliRunner, Result

from api.app import create_app
from api.cli import app
from api.review import decide
from api.settings import Settings
from api.stages import move_stage
from api.workflow import run_detection
from coordination import Policy
from coordination.faults import UsageError
from data.geopackage_store import GeopackageStore, open_store

AS_OF = date(2026, 1, 1)
POLICY = Policy()


def run(*words: str | Path) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words])


def listed(path: Path, **projects: dict[str, Any]) -> Path:
    """Write a list: A and B overlap with firm dates, the others lie apart."""
    rows = []
    for place, (code, fields) in enumerate(projects.items()):
        east = 0.0 if code in "AB" else 0.01 * (place + 1)
        ring = [[121.25, 31.38], [121.2504, 31.38], [121.2504, 31.3801], [121.25, 31.3801]]
        ring = [[x + east, y] for x, y in ring]
        properties = {
            "code": code, "name": code, "owner_unit": f"单位{code}", "stage": "reserve",
            "method": "open_cut", "sector": "pipeline", "work_type": "new", "site_id": "1",
            "start": "2026-03-01", "finish": "2026-03-31", "cost_wan": 10, "fixed": True,
            "utility": {"A": "gas", "B": "water"}.get(code, "telecom"),
        } | fields  # fmt: skip
        properties = {name: value for name, value in properties.items() if value is not None}
        polygon = {"type": "Polygon", "coordinates": [[*ring, ring[0]]]}
        rows.append({"type": "Feature", "properties": properties, "geometry": polygon})
    document = {"type": "FeatureCollection", "features": rows}
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return tmp_path / "plan.geojson"


@pytest.fixture
def path(tmp_path: Path, town: Path) -> Path:
    """Return a store with A and B (one high finding), C alone and E, an emergency."""
    return Path(shutil.copy(town, tmp_path / "digonce.gpkg"))


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the store of which every test takes a copy."""
    folder = tmp_path_factory.mktemp("town")
    store = folder / "digonce.gpkg"
    source = listed(
        folder / "plan.geojson", A={}, B={}, C={}, E={"stage": "emergency", "start": "2025-12-30"}
    )
    answer = run("import", "projects", source, "--store", store)
    assert answer.exit_code == 0, answer.output
    with open_store(store) as opened:
        with opened.transaction("test") as change:
            change.set_as_of(AS_OF)
        detect(opened)
    return store


def detect(store: Any) -> None:
    run_detection(store, POLICY, as_of=AS_OF, actor="test")


def high(store: Any) -> list[str]:
    table = store.read_findings().table
    return list(table.loc[table["severity"].eq("high"), "finding_id"])


def stage_of(path: Path, code: str) -> str:
    with GeopackageStore(path) as store:
        projects = store.read_city().projects.set_index("code")
        return str(projects.loc[code, "stage"])


def test_the_gate_holds_and_lets_go(path: Path) -> None:
    to_plan = ("--to", "annual_plan", "--store", path)
    held = run("stage", "move", "A", "C", *to_plan, "--lang", "en")
    assert held.exit_code == 3
    assert "unsettled findings: concurrent works" in held.stderr
    assert "nothing was moved" in held.stderr
    assert stage_of(path, "C") == "reserve"
    partly = run("stage", "move", "A", "C", *to_plan, "--partial")
    assert partly.exit_code == 3
    assert (stage_of(path, "A"), stage_of(path, "C")) == ("reserve", "annual_plan")
    with open_store(path) as store:
        for finding_id in high(store):
            decide(store, finding_id, "waived", note="特批", policy=POLICY, actor="x")
    # Neither a decision nor a move in the plan makes the findings old.
    freed = run("stage", "move", "A", "B", *to_plan, "--json")
    assert freed.exit_code == 0, freed.output
    assert json.loads(freed.stdout)["moved"] == ["A", "B"]
    with open_store(path) as store:
        events = store.stage_events("A")
        assert events["stage_to"].tolist() == ["reserve", "annual_plan"]
        assert events["plan_year"].tolist()[1] == 2026
        assert events["gates"].isna().tolist() == [True, False]
        store.verify()
    there = run("stage", "move", "A", *to_plan, "--json")
    assert json.loads(there.stdout)["moved"] == []


def test_an_override_is_recorded(path: Path) -> None:
    to_plan = ("--to", "annual_plan", "--override", "--store", path)
    assert run("stage", "move", "A", *to_plan).exit_code == 2
    answer = run("stage", "move", "A", *to_plan, "--reason", "市里急件")
    assert answer.exit_code == 0, answer.output
    history = run("stage", "history", "A", "--store", path, "--json", "--lang", "en")
    event = json.loads(history.stdout)["events"][-1]
    assert event["reason"] == "市里急件"
    assert event["gates"]["override"] is True
    assert event["gates"]["blocks"][0]["kind"] == "finding"
    assert "although held by a gate" in history.stderr
    report = json.loads(run("stage", "report", "--store", path, "--json").stdout)
    assert report["overrides"] == 1
    assert [one["code"] for one in report["standing_above"]] == ["A"]


def test_findings_older_than_the_data_open_no_gate(path: Path, source: Path) -> None:
    listed(source, C={"finish": "2026-04-30"})
    assert run("import", "projects", source, "--store", path, "--lang", "en").exit_code == 0
    answer = run("stage", "move", "C", "--to", "annual_plan", "--store", path, "--lang", "en")
    assert answer.exit_code == 3
    assert "run digonce detect again first" in answer.stderr
    with open_store(path) as store:
        detect(store)
    assert run("stage", "move", "C", "--to", "annual_plan", "--store", path).exit_code == 0


@pytest.mark.parametrize(
    ("words", "status"),
    [
        (("C", "--to", "later"), 2),
        (("X", "--to", "annual_plan"), 2),
        (("C", "--to", "withdrawn"), 2),
        (("C", "--to", "annual_plan", "--year", "26"), 2),
        (("C", "--to", "annual_plan", "--on", "2026-01-01"), 2),
        (("C", "--to", "permitted"), 3),
        (("C", "--to", "annual_plan", "--dry-run"), 0),
    ],
)
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_moves_that_cannot_be_meant(
    path: Path, words: tuple[str, ...], status: int, lang: str
) -> None:
    answer = run("stage", "move", *words, "--store", path, "--lang", lang)
    assert answer.exit_code == status, answer.output
    assert "Traceback" not in answer.output
    assert stage_of(path, "C") == "reserve"


def test_a_completed_project_writes_the_ledger(path: Path) -> None:
    common = ("--store", path)
    for to, on in (("annual_plan", None), ("approved", None), ("permitted", None),
                   ("in_progress", "2026-03-02"), ("completed", "2026-03-29")):  # fmt: skip
        with open_store(path) as store:
            detect(store)
        words = ("stage", "move", "C", "--to", to, *(("--on", on) if on else ()), *common)
        answer = run(*words)
        assert answer.exit_code == 0, answer.output
    with open_store(path) as store:
        city = store.read_city()
        (site,) = city.sites[city.sites["project_code"] == "C"].to_dict("records")
        assert str(site["actual_start"].date()) == "2026-03-02"
        assert str(site["actual_finish"].date()) == "2026-03-29"
        assert city.ledger is not None
        own = city.ledger[city.ledger["source"] == "C"]
        assert [str(day.date()) for day in own["finish"]] == ["2026-03-29"]
        store.verify()


def test_works_do_not_end_before_they_began(path: Path) -> None:
    said: dict[str, Any] = {"policy": POLICY, "actor": "t", "override": True, "reason": "x"}
    with open_store(path) as store:
        move_stage(store, ["C"], "in_progress", on=date(2026, 3, 2), **said)
        with pytest.raises(UsageError) as refused:
            move_stage(store, ["C"], "completed", on=date(2026, 3, 1), **said)
        assert "before it began on 2026-03-02" in refused.value.text("en")
        assert "C 的竣工日期 2026-03-01 早于实际开工 2026-03-02" in refused.value.text("zh")
        assert store.read_city().sites["actual_finish"].isna().all()
    assert stage_of(path, "C") == "in_progress"


def test_the_plan_rolls_twice_and_keeps_its_history(path: Path) -> None:
    common = ("--store", path)
    assert run("stage", "move", "C", "--to", "annual_plan", *common).exit_code == 0
    assert run("stage", "move", "A", "--to", "annual_plan", "--override", "--reason", "x",
               *common).exit_code == 0  # fmt: skip
    dry = json.loads(
        run("stage", "roll", "--to-year", "2027", "--dry-run", "--json", *common).stdout
    )
    assert dry["written"] is False
    with open_store(path) as store:
        before = store.info().data_revision
    first = run("stage", "roll", "--to-year", "2027", "--json", *common)
    assert first.exit_code == 0, first.output
    told = json.loads(first.stdout)
    assert told["admitted"] == ["C"]
    assert [one["code"] for one in told["waiting"]] == ["A"]
    assert stage_of(path, "A") == "carried_over"
    with open_store(path) as store:
        assert store.info().data_revision == before + 1
        assert store.stage_events("C")["stage_to"].tolist() == [
            "reserve", "annual_plan", "carried_over", "annual_plan",
        ]  # fmt: skip
        assert store.read_city().projects.set_index("code").loc["C", "plan_year"] == 2027
    again = json.loads(run("stage", "roll", "--to-year", "2027", "--json", *common).stdout)
    assert again["moves"] == []
    with open_store(path) as store:
        assert store.info().data_revision == before + 1


def test_papers_of_an_emergency(path: Path) -> None:
    common = ("--store", path, "--lang", "en")
    due = json.loads(run("stage", "emergencies", "--as-of", "2025-12-31", *common, "--json").stdout)
    assert due["states"]["due"] == 1
    late = run("stage", "emergencies", "--as-of", "2026-01-02", *common)
    assert "papers overdue, 2 days (48 hours) late" in late.stderr
    assert run("stage", "papers", "E", "--on", "2025-12-01", *common).exit_code == 2
    assert run("stage", "papers", "A", "--on", "2026-01-01", *common).exit_code == 2
    assert run("stage", "papers", "E", "--on", "2025-12-31", *common).exit_code == 0
    done = json.loads(run("stage", "emergencies", *common, "--json").stdout)
    assert done["states"]["filed"] == 1
    assert done["protected"] is None


def test_a_list_that_leaves_stages_open_keeps_them(path: Path, source: Path) -> None:
    assert run("stage", "move", "C", "--to", "annual_plan", "--store", path).exit_code == 0
    listed(source, C={"stage": None, "name": "改名"})
    answer = run("import", "projects", source, "--store", path)
    assert answer.exit_code == 0, answer.output
    with open_store(path) as store:
        project = store.read_city().projects.set_index("code").loc["C"]
        assert (project["stage"], project["plan_year"]) == ("annual_plan", 2026)
        assert project["name"] == "改名"


def test_a_list_goes_past_a_gate_and_is_told(path: Path, source: Path) -> None:
    listed(source, A={"stage": "annual_plan"}, N={"stage": "annual_plan"})
    answer = run("import", "projects", source, "--store", path, "--lang", "en", "--json")
    assert answer.exit_code == 0, answer.output
    faults = {fault["code"]: fault for fault in json.loads(answer.stdout)["faults"]}
    assert "concurrent" not in faults["stages.import.unsettled"]["detail"]
    assert faults["stages.import.unsettled"]["params"]["code"] == "A"
    assert faults["stages.import.undetected"]["params"]["count"] == 1
    assert stage_of(path, "A") == "annual_plan"
    report = json.loads(run("stage", "report", "--store", path, "--json").stdout)
    assert "A" in [one["code"] for one in report["standing_above"]]
    assert report["freshness"] == "stale"
    listed(source, A={"stage": "preliminary"})
    back = run("import", "projects", source, "--store", path, "--json")
    codes = [fault["code"] for fault in json.loads(back.stdout)["faults"]]
    assert "stages.import.back" in codes


# ---- HTTP ----------------------------------------------------------------------------------------


@pytest.fixture
def client(path: Path) -> Iterator[TestClient]:
    service = create_app(Settings(store=str(path)))
    with TestClient(
        service, base_url="http://127.0.0.1:8000", raise_server_exceptions=False
    ) as client:
        yield client


def test_stages_over_http(client: TestClient, path: Path) -> None:
    held = client.post("/api/v1/projects/A/stage?lang=en", json={"to": "annual_plan"})
    assert held.status_code == 409, held.text
    assert held.headers["content-type"] == "application/problem+json"
    assert held.json()["code"] == "stages_error_blocked"
    assert "unsettled findings" in held.json()["detail"]
    moved = client.post("/api/v1/projects/C/stage", json={"to": "annual_plan", "plan_year": 2027})
    assert moved.status_code == 200, moved.text
    assert moved.json()["moved"] == ["C"]
    history = client.get("/api/v1/projects/C/history").json()["stages"]
    assert [(one["stage_to"], one["plan_year"]) for one in history] == [
        ("reserve", None), ("annual_plan", 2027),
    ]  # fmt: skip
    assert client.get("/api/v1/projects/C").json()["stage"] == "annual_plan"
    assert client.post("/api/v1/projects/X/stage", json={"to": "reserve"}).status_code == 404
    assert client.get("/api/v1/projects/X/history").status_code == 404
    assert client.post("/api/v1/projects/C/stage", json={"to": "later"}).status_code == 400
    assert client.post("/api/v1/projects/C/stage", json={"to": "withdrawn"}).status_code == 400
    assert client.post("/api/v1/projects/C/stage", json={}).status_code == 422
