"""A decision on its way through the store: imports, runs and what they do to its status."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from api.workflow import run_detection
from coordination import Policy
from data.geopackage_store import GeopackageStore, create_store
from data.read_projects import read_projects

AS_OF = date(2026, 1, 1)
RunAgain = Callable[..., Any]


def features(**dates_of_b: str) -> Any:
    """Return two digs 40 m long whose windows overlap, the one inside the other."""
    days = {"start": "2026-03-10", "finish": "2026-04-30"} | dates_of_b
    rows = [
        {"code": "A", "start": "2026-03-01", "finish": "2026-03-31"},
        {"code": "B", "remark": "", **days},
    ]
    ring = [[121.25, 31.38], [121.2504, 31.38], [121.2504, 31.3801], [121.25, 31.3801]]
    return [
        {
            "type": "Feature",
            "properties": {
                "name": row["code"], "owner_unit": row["code"], "stage": "approved",
                "method": "open_cut", "sector": "pipeline", "work_type": "new",
                "utility": {"A": "gas", "B": "water"}[row["code"]], "site_id": "1", **row,
            },
            "geometry": {"type": "Polygon", "coordinates": [[*ring, ring[0]]]},
        }
        for row in rows
    ]  # fmt: skip


@pytest.fixture
def store(tmp_path: Path) -> Iterator[GeopackageStore]:
    with create_store(tmp_path / "digonce.gpkg") as one:
        yield one


@pytest.fixture
def run_again(store: GeopackageStore, tmp_path: Path) -> RunAgain:
    """Return what files the two again with other dates, detects, and gives the status."""

    def run(**dates_of_b: str) -> str:
        path = tmp_path / "plan.geojson"
        rows = {"type": "FeatureCollection", "features": features(**dates_of_b)}
        path.write_text(json.dumps(rows), encoding="utf-8")
        info = store.info()
        read = read_projects(path, policy=Policy(), working_crs=info.crs, time_zone=info.time_zone)
        assert not [fault for fault in read.faults if fault.level == "refused"]
        with store.transaction("planner") as change:
            change.put_projects(read.projects, read.sites, read.filings)
        _, findings = run_detection(store, Policy(), as_of=AS_OF, actor="coordinator")
        kept = store.read_findings()
        assert kept is not None
        assert kept.table["status"].tolist() == findings.table["status"].tolist()
        (row,) = findings.table[findings.table["rule"] == "concurrent_works"].to_dict("records")
        return str(row["status"])

    return run


@pytest.fixture
def decide(store: GeopackageStore) -> Callable[[str], None]:
    def put(status: str) -> None:
        findings = store.read_findings()
        assert findings is not None
        table = findings.table
        (finding_id,) = table.loc[table["rule"] == "concurrent_works", "finding_id"]
        with store.transaction("coordinator") as change:
            change.put_decision(finding_id, {"status": status, "note": "管位不足"})

    return put


def test_a_decision_lives_through_imports_and_runs(
    run_again: RunAgain, decide: Callable[[str], None]
) -> None:
    assert run_again() == "open"
    decide("not_mergeable")
    assert run_again() == "not_mergeable"
    assert run_again(remark="改了备注") == "not_mergeable"
    assert run_again(finish="2026-05-07") == "not_mergeable"
    assert run_again(finish="2026-05-08") == "to_reassess"
    # Back where it was: whoever reads it has still to say that the decision holds.
    assert run_again() == "to_reassess"
    decide("not_mergeable")
    assert run_again() == "not_mergeable"
    assert run_again(start="2028-09-01", finish="2028-09-30") == "cleared"
    assert run_again(start="2028-09-01", finish="2028-09-30") == "cleared"
    assert run_again() == "to_reassess"


def test_days_add_up_against_the_decision_and_not_the_last_run(
    run_again: RunAgain, decide: Callable[[str], None]
) -> None:
    run_again()
    decide("deferred")
    assert run_again(finish="2026-05-04") == "deferred"
    assert run_again(finish="2026-05-08") == "to_reassess"


def test_another_stage_puts_the_decision_up_again(
    run_again: RunAgain, decide: Callable[[str], None]
) -> None:
    run_again()
    decide("resolved")
    assert run_again(stage="permitted") == "to_reassess"
