"""Plans over HTTP: a job beside the server, its progress, stopping it, accepting, answering."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from api.settings import Settings
from data.geopackage_store import open_store

sys.path.insert(0, str(Path(__file__).parent))
from test_scenarios import planned as planned  # noqa: PLC0414 - a fixture

BASE = "http://127.0.0.1:8000"


@pytest.fixture
def client(planned: Path, tmp_path: Path) -> Iterator[TestClient]:
    path = Path(shutil.copy(planned, tmp_path / "town.gpkg"))
    app = create_app(Settings(store=str(path), actor="office"))
    with TestClient(app, base_url=BASE, raise_server_exceptions=False) as client:
        yield client


def ended(client: TestClient, plan_id: str) -> dict[str, Any]:
    """Ask until a job is over."""
    until = time.monotonic() + 120
    while time.monotonic() < until:
        told: dict[str, Any] = client.get(f"/api/v1/plans/{plan_id}").json()
        if told["status"] in {"done", "failed"}:
            return told
        time.sleep(0.3)
    raise AssertionError(told)


def test_a_plan_is_made_beside_the_server_and_accepted(client: TestClient) -> None:
    body = {"name": "web", "time_limit_s": 2, "findings": False, "from": "first",
            "pins": {"A": "2026-04-01"}}  # fmt: skip
    answer = client.post("/api/v1/plans", json=body)
    assert answer.status_code == 202, answer.text
    plan_id = answer.json()["plan_id"]
    assert answer.headers["Location"] == f"/api/v1/plans/{plan_id}"
    assert answer.json()["status"] == "running"
    # While it goes on the server answers, and starts no second one.
    assert client.get("/healthz").status_code == 200
    busy = client.post("/api/v1/plans?lang=en", json={"time_limit_s": 2})
    assert (busy.status_code, busy.json()["code"]) == (503, "scenarios_busy")
    told = ended(client, plan_id)
    assert told["status"] == "done", told
    assert told["progress"]["parts"] == told["progress"]["done"] > 0
    assert {"gap_money", "gap_metres"} <= told["progress"].keys()
    assert told["result"]["wishes"]["pins"] == {"A": "2026-04-01"}
    days = {row["code"]: row["start"] for row in told["result"]["schedule"]}
    assert days["A"] == "2026-04-01"
    listed = client.get("/api/v1/plans").json()
    assert [one["name"] for one in listed["plans"]] == ["first", "web"]
    assert client.get("/api/v1/plans/web").json()["scenario_id"] == told["scenario_id"]
    accepted = client.post(f"/api/v1/plans/{plan_id}/accept", json={"deadline": "2026-02-01"})
    assert accepted.status_code == 200, accepted.text
    assert accepted.json()["deadline"] == "2026-02-01"
    again = client.post(f"/api/v1/plans/{plan_id}/accept", json={})
    assert (again.status_code, again.json()["code"]) == (409, "scenarios_accept_nothing")
    proposed = client.get("/api/v1/proposals?answered=false").json()["proposals"]
    one = proposed[0]["proposal_id"]
    said = client.post(f"/api/v1/proposals/{one}/answer", json={"answer": "agreed"})
    assert said.json()["answer"] == "agreed"
    assert client.get("/api/v1/proposals?answered=true").json()["count"] == 1
    ledger = client.get("/api/v1/savings").json()
    assert {row["bundle_id"] for row in ledger["bundles"]} == set(accepted.json()["bundles"])


def test_a_stopped_job_keeps_the_best_so_far(client: TestClient) -> None:
    body = {"name": "stopped", "time_limit_s": 600, "findings": False}
    plan_id = client.post("/api/v1/plans", json=body).json()["plan_id"]
    stopped = client.delete(f"/api/v1/plans/{plan_id}")
    assert (stopped.status_code, stopped.json()["status"]) == (202, "stopping")
    told = ended(client, plan_id)
    assert told["status"] == "done"
    assert client.get("/api/v1/plans/stopped").json()["result"]["bundles"]
    assert client.delete(f"/api/v1/plans/{plan_id}").json()["status"] == "done"


def test_a_plan_is_deleted_until_something_of_it_was_accepted(client: TestClient) -> None:
    one = client.get("/api/v1/plans/first").json()["scenario_id"]
    body = {"name": "second", "time_limit_s": 2, "findings": False, "from": "first"}
    job = client.post("/api/v1/plans", json=body).json()["plan_id"]
    second = ended(client, job)["scenario_id"]
    # Who wants to stop a job that just ended does not delete its plan.
    assert client.delete(f"/api/v1/plans/{job}").status_code == 202
    assert [row["name"] for row in client.get("/api/v1/plans").json()["plans"]] == [
        "first", "second",
    ]  # fmt: skip
    gone = client.delete("/api/v1/plans/second")
    assert (gone.status_code, gone.json()) == (200, {"deleted": second})
    assert [row["name"] for row in client.get("/api/v1/plans").json()["plans"]] == ["first"]
    assert client.get(f"/api/v1/plans/{job}").status_code == 404
    with open_store(client.app.state.settings.store) as store:  # type: ignore[attr-defined]
        change = store.changes()[-1]
    assert (change.table, change.key, change.actor, change.after) == (
        "scenarios", second, "office", None,
    )  # fmt: skip
    assert change.before is not None
    assert change.before["name"] == "second"
    again = client.delete(f"/api/v1/plans/{second}?lang=en")
    assert (again.status_code, again.json()["code"]) == (404, "scenarios_unknown")
    assert client.post("/api/v1/plans/first/accept", json={}).status_code == 200
    kept = client.delete(f"/api/v1/plans/{one}?lang=en")
    assert (kept.status_code, kept.json()["code"]) == (409, "scenarios_accepted")
    assert "it stays as evidence" in kept.json()["detail"]
    assert client.get("/api/v1/plans/first").status_code == 200


def test_what_goes_wrong_is_a_problem(client: TestClient) -> None:
    for body, status, code in (
        ({"name": "first"}, 409, "scenarios_taken"),
        ({"from": "nothing"}, 404, "scenarios_unknown"),
        ({"slips": {"A": 90}}, 400, "scenarios_slip_from"),
        ({"time_limit_s": 0}, 422, "invalid_request"),
        ({"pins": {"A": "soon"}}, 422, "invalid_request"),
        ({"forbid": [["A"]]}, 422, "invalid_request"),
        ({"unknown": 1}, 422, "invalid_request"),
    ):
        answer = client.post("/api/v1/plans?lang=en", json=body)
        assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    # What only the plan itself can tell, the job tells.
    plan_id = client.post("/api/v1/plans", json={"force": [["A", "F"]]}).json()["plan_id"]
    told = ended(client, plan_id)
    assert told["status"] == "failed"
    assert told["problem"]["code"] == "scenarios_wish_no_ground"
    english = client.get(f"/api/v1/plans/{plan_id}?lang=en").json()["problem"]["detail"]
    assert "A and F open no common ground" in english
    for address in ("/api/v1/plans/J0", "/api/v1/plans/J0/accept", "/api/v1/proposals/1/answer"):
        method = "GET" if address.endswith("J0") else "POST"
        body = {"answer": "agreed"} if "proposals" in address else {}
        answer = client.request(method, address, json=None if method == "GET" else body)
        assert answer.status_code == 404, answer.text
    assert client.delete("/api/v1/plans/J0").status_code == 404
    paths = client.get("/openapi.json").json()["paths"]
    assert {"post", "get"} == set(paths["/api/v1/plans"])
    assert {"get", "delete"} == set(paths["/api/v1/plans/{plan_id}"])
