"""Plans side by side: kept, compared, accepted into proposals, answered; nothing half, nothing stale."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from pyproj import CRS
from typer.testing import CliRunner

from api import scenarios
from api.cli import app
from api.planning import PlanOptions, make_plan
from api.scenarios import Asked
from api.workflow import run_detection
from coordination import Policy, detect
from coordination.faults import UsageError
from coordination.scenarios import KeptPlan
from coordination.schedule_wishes import Wishes
from data.geopackage_store import GeopackageStore, create_store, open_store
from data.store import Store

sys.path.insert(0, str(Path(__file__).parent))
from test_redetection import NETWORK, tables

AS_OF = date(2026, 1, 1)
OPTIONS = PlanOptions(time_limit_s=4.0, workers=1, count_findings=False)
FILED = [
    ("A", 20, "2026-03-01", "2026-03-20"), ("B", 60, "2026-05-01", "2026-05-20"),
    ("D", 400, "2026-03-01", "2026-03-20"), ("E", 430, "2026-05-01", "2026-05-20"),
    ("F", 700, "2026-05-01", "2026-05-20"),
]  # fmt: skip


@pytest.fixture(scope="module")
def planned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a store with a plan that is kept as ``first``: A joins B, and D joins E."""
    path = tmp_path_factory.mktemp("scenarios") / "town.gpkg"
    with create_store(path, crs=CRS(4549)) as store:
        with store.transaction("test") as change:
            change.set_as_of(AS_OF)
            change.put_roads(NETWORK, source="test")
            for row in FILED:
                change.put_projects(*tables(*row, stage="annual_plan"))
        run_detection(store, Policy(), as_of=AS_OF, actor="test")
        keep(store, "first")
    return path


def keep(store: Store, name: str, asked: Asked | None = None) -> KeptPlan:
    asked = asked or Asked()
    wishes, base = scenarios.resolved(store, asked)
    found = make_plan(
        store, Policy(), as_of=None, options=OPTIONS, wishes=wishes,
        last=None if base is None else base.first_days(),
    )  # fmt: skip
    return scenarios.keep(
        store, found, name=name, wishes=wishes, base=base, options=OPTIONS, actor="office"
    )


@pytest.fixture
def path(planned: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(planned, tmp_path / "town.gpkg"))


@pytest.fixture
def store(path: Path) -> Any:
    with open_store(path) as opened:
        yield opened


def bundle_of(kept: KeptPlan, code: str) -> str:
    return next(one for one, codes in kept.members().items() if code in codes)


def statuses(store: Store) -> dict[tuple[str, str], tuple[str, str | None]]:
    findings = store.read_findings()
    assert findings is not None
    rows = findings.table[["rule", "project_a", "project_b", "status", "coordinated"]]
    return {(rule, f"{a}{b}"): (status, bundle)
            for rule, a, b, status, bundle in rows.itertuples(index=False)}  # fmt: skip


def test_a_scenario_comes_back_as_it_was_kept_and_moves_no_data(store: Store) -> None:
    before = store.info()
    kept = keep(store, "again", Asked(base="first", pins={"A": date(2026, 4, 1)}))
    after = store.info()
    assert (after.data_revision, after.log_revision) == (
        before.data_revision, before.log_revision + 1,
    )  # fmt: skip
    assert store.changes()[-1].table == "scenarios"
    back = scenarios.scenario_named(store, "again")
    assert back.scenario == scenarios.scenario_named(store, kept.scenario.scenario_id).scenario
    assert back.scenario.wishes == Wishes(pins={"A": 20544})
    assert back.scenario.parent == scenarios.scenario_named(store, "first").scenario.scenario_id
    assert back.scenario.data_revision == before.data_revision
    assert back.schedule["code"].tolist() == ["A", "B", "D", "E", "F"]
    assert str(back.schedule["start"][0].date()) == "2026-04-01"
    assert json.loads(back.schedule["sites"][0])[0]["start"] == "2026-04-01"
    assert not store.judged_data_changed(before.log_revision)
    assert [one.name for one in store.scenarios()] == ["first", "again"]
    with pytest.raises(UsageError) as error:
        scenarios.refuse_name(store, "again")
    assert error.value.key == "scenarios.taken"
    scenarios.delete(store, "again", actor="office")
    assert [one.name for one in store.scenarios()] == ["first"]
    store.verify()


def test_planned_again_without_a_wish_nothing_changes(store: Store) -> None:
    first = scenarios.scenario_named(store, "first")
    again = keep(store, "again", Asked(base="first"))
    told = scenarios.difference(first, again.scenario.comparison, again.first_days(), Wishes())
    assert told.dragged == ()
    assert {name: value for name, value in told.figures.items() if value} == {}


def test_what_a_slip_does_is_told_against_the_scenario(store: Store) -> None:
    first = scenarios.scenario_named(store, "first")
    kept = keep(store, "late", Asked(base="first", slips={"A": (3, True)}))
    told = scenarios.difference(
        first, kept.scenario.comparison, kept.first_days(), kept.scenario.wishes
    )
    assert kept.first_days()["A"] >= first.first_days()["A"] + 89
    assert "A" not in [one.code for one in told.dragged]
    with pytest.raises(UsageError) as error:
        scenarios.resolved(store, Asked(slips={"A": (90, False)}))
    assert error.value.key == "scenarios.slip_from"


def test_accepting_resolves_what_lies_inside_the_bundle_and_moves_no_project(store: Store) -> None:
    kept = scenarios.scenario_named(store, "first")
    before, sites = statuses(store), store.read_city().sites
    one = bundle_of(kept, "A")
    told = scenarios.accept(store, "first", actor="office", bundles=[one])
    assert told["bundles"] == [one]
    city = store.read_city()
    assert city.bundles.to_numpy().tolist() == [[one, "A"], [one, "B"]]
    pd.testing.assert_frame_equal(pd.DataFrame(city.sites), pd.DataFrame(sites))
    proposed = scenarios.proposals(store)
    assert [(row["code"], row["unit"], row["answer"]) for row in proposed] == [
        ("A", "单位A", None), ("B", "单位B", None),
    ]  # fmt: skip
    run_detection(store, Policy(), as_of=AS_OF, actor="test")
    after = statuses(store)
    inside = [key for key in before if key[1] == "AB" and key[0] == "repeat_excavation"]
    assert inside
    assert [after[key] for key in inside] == [("resolved", one)] * len(inside)
    assert after["repeat_excavation", "DE"] == before["repeat_excavation", "DE"]
    # What only the change was looked at for is what looking at everything finds.
    found = store.read_findings()
    assert found is not None
    whole = detect(city, Policy(), as_of=AS_OF)
    live = found.table[~found.table["status"].isin(["resolved", "cleared"])]
    assert live["finding_id"].tolist() == whole.table["finding_id"].tolist()
    assert store.accepted_bundles()["codes"].tolist() == ["A B"]
    # The other bundle may follow, though the data moved on by the first.
    scenarios.accept(store, "first", actor="office", bundles=[bundle_of(kept, "D")])
    with pytest.raises(UsageError) as error:
        scenarios.accept(store, "first", actor="office")
    assert error.value.key == "scenarios.accept.nothing"
    with pytest.raises(UsageError) as error:
        scenarios.delete(store, "first", actor="office")
    assert error.value.key == "scenarios.accepted"
    store.verify()


def test_only_an_owners_agreement_gives_a_project_its_dates(store: Store) -> None:
    kept = scenarios.scenario_named(store, "first")
    scenarios.accept(store, "first", actor="office")
    rows = {row["code"]: row for row in scenarios.proposals(store)}
    moved = next(code for code in ("A", "B") if rows[code]["moved_days"])
    told = scenarios.answer(store, rows[moved]["proposal_id"], "agreed", actor="unit")
    assert (told["answer"], told["answered_by"]) == ("agreed", "unit")
    site = store.read_city().sites.set_index("project_code").loc[moved]
    assert (str(site["start"].date()), str(site["finish"].date())) == (
        rows[moved]["start"], rows[moved]["finish"],
    )  # fmt: skip
    change = store.changes()[-2]
    assert (change.table, change.key, change.actor) == ("projects", moved, "unit")
    assert change.before is not None
    assert change.before["sites"] != change.after["sites"]  # type: ignore[index]
    with pytest.raises(UsageError) as error:
        scenarios.answer(store, rows[moved]["proposal_id"], "declined", actor="unit")
    assert error.value.key == "scenarios.answered"
    # D declines: it keeps its dates, and its bundle of two is given up.
    before = store.read_city()
    scenarios.answer(store, rows["D"]["proposal_id"], "declined", actor="unit", note="no crew")
    city = store.read_city()
    pd.testing.assert_frame_equal(pd.DataFrame(city.sites), pd.DataFrame(before.sites))
    assert set(city.bundles["bundle_id"]) == {bundle_of(kept, "A")}
    assert len(scenarios.proposals(store, answered=False)) == len(rows) - 2
    store.verify()


def test_an_answer_to_what_changed_meanwhile_is_refused(store: Store) -> None:
    scenarios.accept(store, "first", actor="office")
    row = next(row for row in scenarios.proposals(store) if row["moved_days"])
    code = row["code"]
    at = {name: (place, start, finish) for name, place, start, finish in FILED}[code]
    with store.transaction("test") as change:
        change.put_projects(*tables(code, *at, stage="annual_plan", remark="new"))
    with pytest.raises(UsageError) as error:
        scenarios.answer(store, row["proposal_id"], "agreed", actor="unit")
    assert error.value.key == "scenarios.project_changed"
    assert scenarios.proposals(store, answered=True) == []


def test_a_stale_scenario_is_refused_and_names_the_projects(store: Store) -> None:
    kept = scenarios.scenario_named(store, "first")
    with store.transaction("test") as change:
        change.put_projects(*tables("E", 430, "2026-06-01", "2026-06-20", stage="annual_plan"))
    for bundles in ([], [bundle_of(kept, "E")]):
        with pytest.raises(UsageError, match="1 projects changed since the plan was made: E;"):
            scenarios.accept(store, "first", actor="office", bundles=bundles)
    assert store.proposals().empty
    # A bundle without it may still be accepted.
    scenarios.accept(store, "first", actor="office", bundles=[bundle_of(kept, "A")])


def test_who_is_dropped_leaves_the_accepted_bundle(store: Store) -> None:
    scenarios.accept(store, "first", actor="office")
    wishes, _ = scenarios.resolved(store, Asked(base="first", drop=["A"]))
    assert wishes.forbid == {("A", "B")}
    kept = keep(store, "second", Asked(base="first", drop=["A"]))
    assert not any({"A", "B"} <= set(codes) for codes in kept.members().values())


def test_death_while_accepting_changes_nothing(path: Path, tmp_path: Path) -> None:
    for point in ("INSERT INTO bundle_members", "INSERT INTO proposals", "COMMIT"):
        copy = Path(shutil.copy(path, tmp_path / "dying.gpkg"))
        child = os.fork()
        if child == 0:
            dying = GeopackageStore(copy)
            dying._idle[0].set_trace_callback(
                lambda sql, at=point: os.kill(os.getpid(), signal.SIGKILL)  # type: ignore[misc]
                if sql.startswith(at) else None
            )  # fmt: skip
            scenarios.accept(dying, "first", actor="office")
            os._exit(0)
        _, status = os.waitpid(child, 0)
        assert os.WIFSIGNALED(status)
        with open_store(copy) as back:
            back.verify()
            assert back.accepted_bundles().empty
            assert back.read_city().bundles.empty
            assert back.proposals().empty
        for name in copy.parent.glob("dying.gpkg*"):
            name.unlink()


def run(*words: str | Path) -> Any:
    return CliRunner().invoke(app, [str(word) for word in words])


def test_the_commands_from_a_plan_to_an_answer(path: Path) -> None:
    asked = ("plan", "--store", path, "--time-limit-s", "3", "--workers", "1", "--no-findings")
    again = run(*asked, "--from", "first", "--forbid", "A,B", "--save", "apart", "--json")
    assert again.exit_code == 0, again.output
    told = json.loads(again.stdout)
    assert told["difference"]["metres_opened"] > 0
    shown = run("scenarios", "show", "apart", "--store", path, "--lang", "en")
    assert "A and B kept apart" in shown.stderr
    compared = run("scenarios", "compare", "first", "apart", "--store", path, "--json")
    assert [one["name"] for one in json.loads(compared.stdout)["scenarios"]] == ["first", "apart"]
    accepted = run("scenarios", "accept", "apart", "--store", path, "--json")
    assert accepted.exit_code == 0, accepted.output
    listed = json.loads(run("proposals", "list", "--store", path, "--json").stdout)["proposals"]
    assert {row["code"] for row in listed} >= {"D", "E"}
    first = listed[0]["proposal_id"]
    answered = run("proposals", "answer", first, "--answer", "agreed", "--store", path, "--json")
    assert json.loads(answered.stdout)["answer"] == "agreed"


def test_scenarios_are_listed_and_compared_by_one_cost(path: Path) -> None:
    with open_store(path) as store:
        keep(store, "later", Asked(base="first", slips={"A": (3, True)}))
    told = json.loads(
        run("scenarios", "compare", "first", "later", "--store", path, "--json").stdout
    )
    first, later = (one["figures"] for one in told["scenarios"])
    change = told["scenarios"][1]["difference"]
    for name, value in change.items():
        if value is not None:
            assert later[name] - first[name] == pytest.approx(value, abs=1e-3), name
    listed = run("scenarios", "list", "--store", path, "--lang", "en", "--json")
    for one, figures in zip(json.loads(listed.stdout)["scenarios"], (first, later), strict=True):
        best = one["comparison"]["plans"]["optimised"]
        mid = figures["cost_without_moving_mid_wan"]
        assert mid == pytest.approx(
            best["reinstatement_wan"] + best["fees_wan"] + best["occupation_wan"], abs=1e-3
        )
        assert f"cost without moving {mid:,.1f}, moving weighs {best['moving_wan']:,.1f} (" in (
            listed.stderr
        )


def test_files_of_a_plan_are_made_for_somebody(path: Path, tmp_path: Path) -> None:
    with open_store(path) as store, store.transaction("test") as change:
        change.put_projects(*tables(*FILED[0], stage="annual_plan", confidential=True))
    asked = ("plan", "--store", path, "--time-limit-s", "3", "--workers", "1", "--no-findings",
             "--lang", "en", "--out", tmp_path / "plan")  # fmt: skip
    for words, codes, said in (
        ((), ["B", "D", "E", "F"], "1 confidential projects are not named"),
        (("--unit", "单位B"), ["B", "D", "E", "F"], "1 confidential projects are not named"),
        (("--unit", "单位A"), ["A", "B", "D", "E", "F"], None),
        (("--confidential",), ["A", "B", "D", "E", "F"], "do not pass them on"),
    ):
        done = run(*asked, *words)
        assert done.exit_code == 0, done.output
        assert pd.read_csv(tmp_path / "plan" / "schedule.csv")["code"].tolist() == codes
        assert said in done.stderr if said else "confidential" not in done.stderr


@pytest.mark.parametrize(
    ("words", "key"),
    [
        (("--pin", "A=2027-09-01"), "scenarios.wish.outside"),
        (("--pin", "nobody=2026-03-01"), "scenarios.wish.unknown"),
        (("--pin", "A"), "scenarios.bad.pin"),
        (("--force", "A,F"), "scenarios.wish.no_ground"),
        (("--force", "A,A"), "scenarios.bad.pair"),
        (("--force", "A,B", "--pin", "A=2026-02-01", "--pin", "B=2026-06-01"),
         "scenarios.wish.cannot_meet"),
        (("--slip", "A=3m"), "scenarios.slip_from"),
        (("--slip", "A=soon", "--from", "first"), "scenarios.bad.slip"),
        (("--drop", "F", "--from", "first"), "scenarios.wish.no_bundle"),
        (("--from", "nothing"), "scenarios.unknown"),
        (("--save", "first"), "scenarios.taken"),
    ],
)  # fmt: skip
def test_bad_wishes_are_told_in_both_languages(
    path: Path, words: tuple[str, ...], key: str
) -> None:
    said = [
        run("plan", "--store", path, *words, "--time-limit-s", "2", "--json", "--lang", lang)
        for lang in ("zh", "en")
    ]
    assert [one.exit_code for one in said] == [2, 2]
    told = [json.loads(one.stdout) for one in said]
    assert [one["error"] for one in told] == [key, key]
    assert told[0]["detail"] != told[1]["detail"]


def test_the_savings_ledger_from_acceptance_to_completion(path: Path) -> None:
    told = json.loads(run("savings", "--store", path, "--json").stdout)
    assert told["bundles"] == []
    with open_store(path) as store:
        kept = scenarios.scenario_named(store, "first")
        one = bundle_of(kept, "A")
        scenarios.accept(store, "first", actor="office", bundles=[one])
        saving = kept.bundles.set_index("bundle_id")["saving_mid_wan"][one]
    told = json.loads(run("savings", "--store", path, "--json").stdout)
    assert [
        (row["bundle_id"], row["state"], row["achieved_mid_wan"]) for row in told["bundles"]
    ] == [(one, "planned", None)]
    assert told["totals"]["predicted_mid_wan"] == pytest.approx(saving)
    with open_store(path) as store, store.transaction("test") as change:
        for code, at, _, _ in FILED[:2]:
            projects, sites, filings = tables(
                code, at, "2026-03-01", "2026-03-20", stage="completed"
            )
            days = {"actual_start": pd.Timestamp("2026-03-01"),
                    "actual_finish": pd.Timestamp("2026-03-20")}  # fmt: skip
            change.put_projects(projects, sites.assign(**days), filings)
    told = json.loads(run("savings", "--store", path, "--json").stdout)
    assert told["bundles"][0]["state"] == "done"
    # Both on the same days: what was predicted was achieved.
    assert told["totals"]["achieved_mid_wan"] == pytest.approx(saving, abs=0.01)
    assert {row["name"] for row in told["by"]["owner_unit"]} == {"单位A", "单位B"}
    shown = run("savings", "--store", path, "--lang", "en").stderr
    assert "by sector" in shown
