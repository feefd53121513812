"""The review on the command line, in the store and over HTTP: a small town of its own."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from typer.testing import CliRunner, Result

from api.app import create_app
from api.cli import app
from api.review import Chosen, decide, minutes, notify, overdue_document, reply, reviewed
from api.settings import Settings
from api.workflow import run_detection
from coordination import Policy
from coordination.decisions import ConflictError, ReviewRefusedError, TransitionError
from coordination.faults import UsageError
from data.geopackage_store import GeopackageStore, create_store
from data.read_projects import read_projects

AS_OF = date(2026, 1, 1)
POLICY = Policy()
BASE = "http://127.0.0.1:8000"


def run(*words: str | Path) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words])


def features(**of_b: Any) -> list[dict[str, Any]]:
    """A and B overlap on one place; C and D on another, D being confidential."""
    days = {"start": "2026-03-10", "finish": "2026-04-30"}
    rows = [
        {"code": "A", "owner_unit": "燃气", "utility": "gas"},
        {"code": "B", "owner_unit": "给水", "utility": "water"} | days | of_b,
        {"code": "C", "owner_unit": "燃气", "utility": "gas"},
        {"code": "D", "owner_unit": "机要", "utility": "water", "confidential": True},
    ]
    return [
        {
            "type": "Feature",
            "properties": {
                "name": row["code"], "stage": "approved", "method": "open_cut",
                "sector": "pipeline", "work_type": "new", "site_id": "1", "cost_wan": 10,
                "start": "2026-03-01", "finish": "2026-03-31", **row,
            },
            "geometry": _box(0.01 if row["code"] in "CD" else 0.0),
        }
        for row in rows
    ]  # fmt: skip


def _box(east: float) -> dict[str, Any]:
    ring = [[121.25, 31.38], [121.2504, 31.38], [121.2504, 31.3801], [121.25, 31.3801]]
    ring = [[x + east, y] for x, y in ring]
    return {"type": "Polygon", "coordinates": [[*ring, ring[0]]]}


Refile = Callable[..., None]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "digonce.gpkg"


@pytest.fixture
def store(path: Path) -> Iterator[GeopackageStore]:
    with create_store(path) as one:
        with one.transaction("test") as change:
            change.set_as_of(AS_OF)
        yield one


@pytest.fixture
def refile(store: GeopackageStore, tmp_path: Path) -> Refile:
    """Return what files the list again with another B, and detects unless told not to."""

    def file(*, detect: bool = True, **of_b: Any) -> None:
        source = tmp_path / "plan.geojson"
        rows = {"type": "FeatureCollection", "features": features(**of_b)}
        source.write_text(json.dumps(rows), encoding="utf-8")
        info = store.info()
        read = read_projects(source, policy=POLICY, working_crs=info.crs, time_zone=info.time_zone)
        with store.transaction("planner") as change:
            change.put_projects(read.projects, read.sites, read.filings)
        if detect:
            run_detection(store, POLICY, as_of=AS_OF, actor="coordinator")

    file()
    return file


def concurrent(store: GeopackageStore, code: str = "A") -> str:
    findings = store.read_findings()
    assert findings is not None
    table = findings.table
    mine = table["rule"].eq("concurrent_works") & table["project_a"].eq(code)
    (finding_id,) = table.loc[mine, "finding_id"]
    return str(finding_id)


def put(store: GeopackageStore, to: str, **said: Any) -> dict[str, Any]:
    return decide(store, concurrent(store), to, policy=POLICY, actor="办公室", **said)


# ---- decisions -----------------------------------------------------------------------------------


def test_a_decision_and_its_reason_stay(store: GeopackageStore, refile: Refile, path: Path) -> None:
    seen = store.info().log_revision
    put(store, "not_mergeable", reason_code="technique", note="管位", seen_revision=seen)
    refile()
    store.close()
    with GeopackageStore(path) as again:
        (row,) = again.decisions().to_dict("records")
        assert (row["reason_code"], row["note"], row["actor"]) == ("technique", "管位", "办公室")
        assert (row["seen_revision"], row["policy_version"]) == (seen, POLICY.version)
        state = again.finding_state(row["finding_id"])
        assert state is not None
        assert state["status"] == "not_mergeable"


@pytest.mark.parametrize(
    ("steps", "to", "error"),
    [
        ((), "not_mergeable", ReviewRefusedError),
        ((), "waived", ReviewRefusedError),
        ((), "open", TransitionError),
        (("resolved",), "waived", TransitionError),
        (("resolved",), "open", ReviewRefusedError),
        ((), "to_reassess", UsageError),
        ((), "cleared", UsageError),
    ],
)
def test_what_is_not_sound_is_refused(
    store: GeopackageStore, refile: Refile, steps: tuple[str, ...], to: str, error: type[Exception]
) -> None:
    for step in steps:
        put(store, step)
    before = store.info().log_revision
    with pytest.raises(error):
        put(store, to)
    assert store.info().log_revision == before


def test_the_way_through_a_review(store: GeopackageStore, refile: Refile) -> None:
    put(store, "notified")
    put(store, "negotiating", agreed_item="先给水后燃气")
    put(store, "resolved", agreed_item="同沟同槽")
    put(store, "open", note="燃气改线")
    put(store, "deferred")
    with pytest.raises(ReviewRefusedError, match="lies before today"):
        put(store, "notified", note="又推送", deadline=date(2025, 12, 31))


def test_what_is_cleared_takes_no_decision(store: GeopackageStore, refile: Refile) -> None:
    refile(start="2029-03-10", finish="2029-04-30")
    with pytest.raises(TransitionError, match="no longer detected"):
        put(store, "resolved")


# ---- the revision that was reviewed --------------------------------------------------------------


@pytest.mark.parametrize(
    ("of_b", "changes"),
    [
        ({"finish": "2026-05-08"}, ("dates",)),
        ({"start": "2026-03-02"}, ("dates",)),
        ({"stage": "permitted"}, ("stage",)),
        ({"method": "surface"}, ("method",)),
    ],
)
@pytest.mark.parametrize("detect", [True, False])
def test_a_material_change_since_the_review_refuses(
    store: GeopackageStore, refile: Refile, of_b: dict[str, str], changes: tuple[str, ...],
    detect: bool,
) -> None:  # fmt: skip
    seen = store.info().log_revision
    refile(detect=detect, **of_b)
    with pytest.raises(ConflictError) as caught:
        put(store, "resolved", seen_revision=seen)
    assert set(changes) <= set(caught.value.changes)
    assert store.decisions().empty
    put(store, "resolved", seen_revision=store.info().log_revision)


@pytest.mark.parametrize("of_b", [{"finish": "2026-05-07"}, {"remark": "x"}, {"name": "改名"}])
def test_a_trivial_change_does_not(
    store: GeopackageStore, refile: Refile, of_b: dict[str, str]
) -> None:
    seen = store.info().log_revision
    refile(**of_b)
    put(store, "resolved", seen_revision=seen)


def test_days_add_up_over_two_steps(store: GeopackageStore, refile: Refile) -> None:
    seen = store.info().log_revision
    refile(finish="2026-05-06")
    assert put(store, "deferred", seen_revision=seen)
    later = store.info().log_revision
    refile(finish="2026-05-08")  # 6 + 2 since the decision
    state = store.finding_state(concurrent(store))
    assert state is not None
    assert state["status"] == "deferred"  # 2 since the decision, which was on the first step
    with pytest.raises(ConflictError) as caught:
        put(store, "resolved", seen_revision=seen)
    assert caught.value.changes == ("dates", "decision")
    put(store, "resolved", seen_revision=later)
    refile(finish="2026-05-14")
    refile(finish="2026-05-16")
    state = store.finding_state(concurrent(store))
    assert state is not None
    assert state["status"] == "to_reassess"  # 6 + 2 since the decision at 2026-05-08


def test_another_decision_in_between_refuses(store: GeopackageStore, refile: Refile) -> None:
    seen = store.info().log_revision
    put(store, "negotiating", seen_revision=seen)
    with pytest.raises(ConflictError) as caught:
        put(store, "resolved", seen_revision=seen)
    assert caught.value.changes == ("decision",)
    assert "有人" in caught.value.text("zh")
    assert "somebody decided" in caught.value.text("en")
    # A unit's answer is to the finding, which is the same.
    said = {"policy": POLICY, "actor": "燃气"}
    reply(store, concurrent(store), "燃气", "agree", seen_revision=seen, **said)


def test_a_revision_that_is_not_there(store: GeopackageStore, refile: Refile) -> None:
    with pytest.raises(UsageError, match="no revision 999"):
        put(store, "resolved", seen_revision=999)
    with pytest.raises(ConflictError) as caught:
        put(store, "resolved", seen_revision=0)
    assert caught.value.changes == ("new",)


def test_another_program_moves_a_site(store: GeopackageStore, refile: Refile, path: Path) -> None:
    import sqlite3

    seen = store.info().log_revision
    finding_id = concurrent(store)
    store.close()
    with sqlite3.connect(path) as other:
        for name, count in (("ST_IsEmpty", 1), ("ST_MinX", 1), ("ST_MaxX", 1), ("ST_MinY", 1),
                            ("ST_MaxY", 1)):  # fmt: skip
            other.create_function(name, count, lambda _: 0)
        other.execute("UPDATE sites SET finish = '2026-06-30' WHERE project_code = 'B'")
    other.close()
    with GeopackageStore(path) as again:
        then = again.finding_state(finding_id, seen)
        now = again.finding_state(finding_id)
        assert then is not None
        assert now is not None
        assert then["projects"]["B"]["sites"][0]["finish"] == "2026-04-30"
        assert now["projects"]["B"]["sites"][0]["finish"] == "2026-06-30"
        with pytest.raises(ConflictError):
            decide(again, finding_id, "resolved", policy=POLICY, actor="x", seen_revision=seen)


# ---- replies and deadlines -----------------------------------------------------------------------


def late(store: GeopackageStore, day: date) -> list[tuple[str, int]]:
    told = overdue_document(store, as_of=day)
    return [(row["unit"], row["overdue_days"]) for row in told["overdue"]]


def test_overdue_from_the_day_after_the_deadline(store: GeopackageStore, refile: Refile) -> None:
    put(store, "notified", deadline=date(2026, 1, 15))
    assert late(store, date(2026, 1, 15)) == []
    assert late(store, date(2026, 1, 16)) == [("燃气", 1), ("给水", 1)]
    said = {"policy": POLICY, "actor": "燃气"}
    reply(store, concurrent(store), "燃气", "propose", start=date(2026, 5, 1), **said)
    assert late(store, date(2026, 1, 18)) == [("给水", 3)]
    put(store, "notified", deadline=date(2026, 1, 20))  # a longer deadline keeps the answer
    assert late(store, date(2026, 1, 18)) == []
    assert late(store, date(2026, 1, 21)) == [("给水", 1)]
    put(store, "resolved", agreed_item="错开")
    assert late(store, date(2026, 2, 28)) == []


def test_an_answer_to_what_was_there_before_is_none_now(
    store: GeopackageStore, refile: Refile
) -> None:
    put(store, "notified", deadline=date(2026, 1, 15))
    said = {"policy": POLICY, "actor": "x"}
    for unit in ("燃气", "给水"):
        reply(store, concurrent(store), unit, "no_objection", **said)
    assert late(store, date(2026, 2, 1)) == []
    refile(finish="2026-06-30")
    put(store, "notified", deadline=date(2026, 1, 20))
    assert late(store, date(2026, 2, 1)) == [("燃气", 12), ("给水", 12)]
    assert len(store.replies()) == 2  # and none is lost


@pytest.mark.parametrize(
    ("unit", "answer", "said", "message"),
    [
        ("机要", "agree", {}, "not concerned"),
        ("燃气", "perhaps", {}, "no reply perhaps"),
        ("燃气", "disagree", {}, "needs a note"),
        ("燃气", "propose", {}, "needs the dates"),
        (
            "燃气", "propose", {"start": date(2026, 5, 2), "finish": date(2026, 5, 1)},
            "lies before the start",
        ),
    ],
)  # fmt: skip
def test_answers_that_are_not_sound(
    store: GeopackageStore, refile: Refile, unit: str, answer: str, said: Any, message: str
) -> None:
    with pytest.raises(ReviewRefusedError, match=message):
        reply(store, concurrent(store), unit, answer, policy=POLICY, actor="x", **said)
    assert store.replies().empty


def test_many_are_notified_at_once(store: GeopackageStore, refile: Refile) -> None:
    before = store.info().log_revision
    told = notify(store, Chosen(unit="燃气"), policy=POLICY, actor="x")
    assert told["deadline"] == "2026-01-11"
    assert told["units"] == ["机要", "燃气", "给水"]
    assert len(told["notified"]) >= 2
    assert store.info().log_revision == before + 1
    again = notify(store, Chosen(unit="燃气"), policy=POLICY, actor="x")
    assert again["notified"] == []
    assert store.info().log_revision == before + 1
    with pytest.raises(UsageError):
        notify(store, Chosen(), policy=POLICY, actor="x")


# ---- who sees what -------------------------------------------------------------------------------


def test_a_unit_sees_a_trace_of_what_is_confidential(
    store: GeopackageStore, refile: Refile
) -> None:
    secret = concurrent(store, "C")
    decide(store, secret, "notified", policy=POLICY, actor="x")
    decide(store, secret, "resolved", agreed_item="机密线路让行", policy=POLICY, actor="x")
    put(store, "resolved", agreed_item="=SUM(1)")
    own = reviewed(store, Chosen(), as_of=None, for_unit="燃气")
    assert secret not in set(own.table["finding_id"])
    shown = str(own.table.to_dict("records")) + str(own.units.to_dict("records"))
    assert "'D'" not in shown
    assert "机要" not in shown
    assert set(own.units.loc[own.units["unit"] == "燃气", "finding_id"])
    theirs = reviewed(store, Chosen(), as_of=None, for_unit="机要")
    assert secret in set(theirs.table["finding_id"])
    assert set(minutes(store, since=None)["finding_id"]) == {concurrent(store)}
    assert len(minutes(store, since=None, whole=True)) == 3


def test_minutes_as_a_file(store: GeopackageStore, refile: Refile, path: Path) -> None:
    put(store, "negotiating")
    reply(store, concurrent(store), "给水", "agree", policy=POLICY, actor="x")
    put(store, "resolved", agreed_item="=SUM(1)")
    out = path.with_name("minutes.csv")
    answer = run("review", "minutes", "--out", out, "--store", path)
    assert answer.exit_code == 0, answer.output
    rows = list(csv.DictReader(out.read_text("utf-8-sig").splitlines()))
    assert [row["处理结果"] for row in rows] == ["协商中", "已协调"]
    assert rows[1]["各单位反馈"] == "给水 同意"
    assert rows[1]["单位"] == "燃气、给水"
    assert not rows[1]["议定事项"].startswith("=")
    answer = run("review", "minutes", "--out", out, "--store", path, "--lang", "en",
                 "--since", "2126-01-01")  # fmt: skip
    assert out.read_text("utf-8-sig").splitlines() == [
        (
            "date,case,finding,rule,severity,road,projects,units,situation,decision,agreed item,"
            "why not mergeable,note,deadline,replies,recorded by"
        )
    ]


# ---- the command line ----------------------------------------------------------------------------


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_commands(store: GeopackageStore, refile: Refile, path: Path, lang: str) -> None:
    finding_id = concurrent(store)
    common = ("--store", path, "--lang", lang)
    listed = run("review", "list", "--unit", "给水", *common, "--json")
    assert listed.exit_code == 0, listed.output
    document = json.loads(listed.stdout)
    assert document["findings"][0]["units"] == ["燃气", "给水"]
    seen = document["revision"]
    notified = run("review", "notify", "--unit", "给水", "--deadline", "2026-01-09", *common)
    assert notified.exit_code == 0, notified.output
    told = run("review", "reply", finding_id, "--unit", "给水", "--answer", "propose",
               "--start", "2026-05-01", "--note", "汛前", *common)  # fmt: skip
    assert told.exit_code == 0, told.output
    late_list = run("review", "list", "--overdue", "--as-of", "2026-01-10", *common, "--json")
    late_ones = json.loads(late_list.stdout)["findings"]
    assert finding_id in [one["finding_id"] for one in late_ones]
    assert [one["overdue_units"] for one in late_ones if one["finding_id"] == finding_id] == [
        ["燃气"]
    ]
    overdue = run("review", "overdue", "--as-of", "2026-01-10", *common)
    assert overdue.exit_code == 0, overdue.output
    assert "燃气" in overdue.stderr
    stale = run("review", "decide", finding_id, "--status", "resolved", "--seen", seen, *common)
    assert stale.exit_code == 3
    assert ("Nothing was recorded" if lang == "en" else "未予记录") in stale.stderr
    shown = run("review", "show", finding_id, *common, "--json")
    assert shown.exit_code == 0, shown.output
    document = json.loads(shown.stdout)
    assert [one["unit"] for one in document["replies"]] == ["给水"]
    done = run("review", "decide", finding_id, "--status", "not_mergeable", "--reason-code",
               "window", "--seen", document["revision"], *common)  # fmt: skip
    assert done.exit_code == 0, done.output
    for words in (
        ("review", "show", "none"),
        ("review", "list", "--status", "done"),
        ("review", "decide", "none", "--status", "resolved"),
        ("review", "notify"),
    ):
        answer = run(*words, *common)
        assert answer.exit_code == 2, answer.output
        assert "Traceback" not in answer.output


# ---- HTTP ----------------------------------------------------------------------------------------


@pytest.fixture
def client(store: GeopackageStore, refile: Refile, path: Path) -> Iterator[TestClient]:
    service = create_app(Settings(store=str(path)))
    with TestClient(service, base_url=BASE, raise_server_exceptions=False) as client:
        yield client


def problem(answer: Any, status: int) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    document: dict[str, Any] = answer.json()
    return document


def test_a_decision_over_http(client: TestClient, store: GeopackageStore, refile: Refile) -> None:
    address = f"/api/v1/findings/{concurrent(store)}"
    read = client.get(address)
    revision = read.json()["revision"]
    assert read.headers["ETag"] == f'"{revision}"'
    assert read.json()["units"] == ["燃气", "给水"]
    notice = {"status": "notified", "deadline": "2026-01-09", "seen_revision": revision}
    answer = client.post(f"{address}/decisions", json=notice)
    assert answer.status_code == 201, answer.text
    assert answer.json()["deadline"] == "2026-01-09"
    said = {"unit": "给水", "answer": "propose", "proposed_start": "2026-05-01"}
    assert client.post(f"{address}/replies", json=said).status_code == 201
    assert client.post(f"{address}/replies", json=said | {"note": "再报"}).status_code == 201
    now = client.get(f"{address}?lang=en").json()
    assert [one["answer"] for one in now["asked"]] == [None, "propose"]
    assert now["deadline"] == "2026-01-09"
    late = client.get("/api/v1/findings?overdue=true&as_of=2026-01-10").json()
    assert [one["finding_id"] for one in late["items"]] == [concurrent(store)]
    assert client.get("/api/v1/findings?overdue=true&as_of=2026-01-09").json()["total"] == 0
    history = client.get(f"{address}/history").json()
    assert [one["note"] for one in history["replies"]] == [None, "再报"]
    assert [one["status"] for one in history["decisions"]] == ["notified"]


def test_a_stale_decision_over_http(
    client: TestClient, store: GeopackageStore, refile: Refile
) -> None:
    address = f"/api/v1/findings/{concurrent(store)}"
    revision = client.get(address).json()["revision"]
    refile(finish="2026-06-30")
    match = {"If-Match": f'"{revision}"'}
    told = problem(
        client.post(f"{address}/decisions?lang=en", json={"status": "resolved"}, headers=match), 412
    )
    assert told["code"] == "review_error_conflict"
    assert "dates" in told["detail"]
    body = {"status": "resolved", "seen_revision": revision}
    assert "计划时间" in problem(client.post(f"{address}/decisions", json=body), 409)["detail"]
    reply_body = {"unit": "燃气", "answer": "agree", "seen_revision": revision}
    problem(client.post(f"{address}/replies", json=reply_body), 409)
    problem(client.post(f"{address}/decisions", json=body, headers={"If-Match": "x"}), 400)
    assert client.get(f"{address}/history").json()["decisions"] == []


@pytest.mark.parametrize(
    ("part", "body", "status", "code"),
    [
        ("decisions", {"status": "not_mergeable"}, 422, "review_error_reason_needed"),
        ("decisions", {"status": "open"}, 409, "review_error_transition"),
        ("decisions", {"status": "cleared"}, 422, "invalid_request"),
        ("decisions", {"status": "resolved", "reason_code": "mood"}, 422, "invalid_request"),
        (
            "decisions",
            {"status": "resolved", "seen_revision": 999},
            400,
            "review_error_seen_unknown",
        ),
        ("replies", {"unit": "机要", "answer": "agree"}, 422, "review_error_unit"),
        ("replies", {"unit": "燃气", "answer": "perhaps"}, 422, "invalid_request"),
    ],
)
def test_problem_documents(
    client: TestClient, store: GeopackageStore, part: str, body: Any, status: int, code: str
) -> None:
    address = f"/api/v1/findings/{concurrent(store)}/{part}"
    assert problem(client.post(address, json=body), status)["code"] == code
    unknown = client.post(f"/api/v1/findings/none/{part}", json=body)
    assert unknown.status_code == (422 if code == "invalid_request" else 404)


def test_history_for_a_unit_that_may_not_see_everything(
    client: TestClient, store: GeopackageStore
) -> None:
    secret = concurrent(store, "C")
    address = f"/api/v1/findings/{secret}"
    decision = {"status": "notified", "note": "机密线路"}
    assert client.post(f"{address}/decisions", json=decision).status_code == 201
    said = {"unit": "机要", "answer": "disagree", "note": "军用"}
    assert client.post(f"{address}/replies", json=said).status_code == 201
    theirs = client.get(f"{address}/history?for_unit=燃气").json()
    assert theirs["replies"] == []
    assert "机密线路" not in json.dumps(theirs, ensure_ascii=False)
    own = client.get(f"{address}/history?for_unit=机要").json()
    assert [one["note"] for one in own["replies"]] == ["军用"]
