"""Use cases on a store, shared by the command line and HTTP; they print nothing."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any
from uuid import uuid4

from api.check_answer import project_documents
from api.live import LiveCity
from api.progress import Steps, silent
from api.provenance import SOFTWARE_VERSION, day_of_judgement, provenance_of
from api.redetection import find_again, made_by
from api.rules import installed_rules
from coordination import City, Policy
from coordination.audience import audience_of
from coordination.check import check
from coordination.faults import InputRefusedError, StoreError, UsageError
from coordination.figures import cases
from coordination.findings import SEVERITIES, Findings
from coordination.findings_in_parts import Runner, detect_in_parts
from coordination.located_cells import gazetteer_of
from coordination.replies import asked
from coordination.review import merge
from data.coordinates import Axes, Coordinates, known_roads
from data.findings_files import write_findings
from data.read_projects import read_projects
from data.report_page import write_report
from data.store import Store
from data.write_layers import write_whole
from geo.frames import Frame
from maps.report_pictures import report_pictures

_TRIES = 3


def run_detection(
    store: Store,
    policy: Policy,
    *,
    as_of: date | None,
    actor: str,
    full: bool = False,
    parts: Runner | None = None,
    step: Steps = silent,
) -> tuple[City, Findings]:
    """Run all rules and write the findings back, with the earlier decisions kept.

    Looked at is what changed since the last run, where that ends in the same state
    (`api.redetection.find_again`); everything with ``full``, and part by part by whoever works on
    ``parts`` (`coordination.findings_in_parts`), to the same end.

    The long work runs on a snapshot; the write is short and starts again when the data moved on in
    between.
    """
    tries = _TRIES
    while True:
        step("load")
        city = store.read_city()
        earlier, decisions = store.read_findings(), store.decisions()
        step("detect")
        day, rules = day_of_judgement(store.info(), as_of), installed_rules()
        if parts is not None:
            found = detect_in_parts(city, policy, as_of=day, rules=rules, run=parts)
        else:
            found = find_again(store, city, earlier, policy, as_of=day, rules=rules, full=full)
        findings = merge(found, earlier, decisions, city, policy)
        step("save")
        tries -= 1
        try:
            with store.transaction(actor, expect_revision=city.data_revision) as change:
                change.put_findings(findings, made_by=made_by(policy, rules))
        except StoreError as error:
            if error.key != "store.moved" or not tries:
                raise
        else:
            return city, findings


def summary(findings: Findings) -> dict[str, Any]:
    """Return the figures of one detection for machines and messages."""
    table = findings.table[findings.table["status"] != "cleared"]
    return {
        "as_of": str(findings.as_of),
        "data_revision": findings.data_revision,
        "policy_version": findings.policy_version,
        "software_version": SOFTWARE_VERSION,
        "counts": {
            "findings": len(table),
            "cases": len(cases(findings)),
            **{name: int((table["severity"] == name).sum()) for name in SEVERITIES},
        },
        "rules_run": rules_run(findings),
    }


def rules_run(findings: Findings) -> list[dict[str, Any]]:
    """Return which rules ran; every answer carries it."""
    return [run.document() for run in findings.rules_run]


def write_files(folder: Path, city: City, findings: Findings) -> list[Path]:
    """Write the findings as CSV and GeoJSON into ``folder``."""
    provenance = provenance_of(findings, network=city.network is not None)
    return list(write_findings(folder, findings, city, provenance))


def stored_findings(store: Store) -> tuple[City, Findings]:
    """Return the city and what the last detection found in it.

    Raises
    ------
    UsageError
        When nothing was detected yet.
    """
    findings = store.read_findings()
    if findings is None:
        raise UsageError("cli.error.no_detection")
    return store.read_city(), findings


def map_page(
    city: City, findings: Findings, policy: Policy, *, lang: str, tiles: str | None
) -> str:
    """Return the meeting map as one page."""
    # What draws it takes a seventh of the start of every command.
    from maps.conflict_map import conflict_map  # noqa: PLC0415

    provenance = provenance_of(findings, network=city.network is not None)
    return conflict_map(
        city, findings, provenance=provenance, lang=lang, tiles=tiles, policy=policy
    )


def write_map(
    store: Store, out: Path, policy: Policy, *, lang: str, tiles: str | None, step: Steps = silent
) -> Path:
    """Write the meeting map of the last detection."""
    step("load")
    city, findings = stored_findings(store)
    step("map")
    return write_whole(out, map_page(city, findings, policy, lang=lang, tiles=tiles))


def write_report_folder(
    store: Store, out: Path, *, lang: str, unit: str | None = None, step: Steps = silent
) -> Path:
    """Write the report and the files of findings; return the page to open first."""
    step("load")
    city, findings = stored_findings(store)
    step("files")
    audience = audience_of(unit)
    pictures = report_pictures(city, findings, unit=unit, audience=audience)
    step("report")
    provenance = provenance_of(findings, network=city.network is not None)
    return write_report(
        out, findings, city, provenance, lang=lang, unit=unit, pictures=pictures, audience=audience,
        asked=asked(
            findings, city.projects, store.decisions(), store.replies(),
            as_of=findings.as_of.astype(object), time_zone=store.info().time_zone,
        ),
    )  # fmt: skip


def stored_check(store: Store, check_id: str) -> dict[str, Any]:
    """Return an earlier check as it was answered.

    Raises
    ------
    UsageError
        When there is none of that id.
    """
    document = store.read_check(check_id)
    if document is None:
        raise UsageError("check.told.no_check", check_id=check_id)
    return document


def check_path(
    store: Store,
    path: Path,
    *,
    as_of: date | None,
    policy: Policy,
    actor: str,
    frame: Frame | None = None,
    axes: Axes | None = None,
    request: Mapping[str, object] | None = None,
    live: LiveCity | None = None,
    step: Steps = silent,
) -> dict[str, Any]:
    """Judge the projects of a file against the store; the answer is kept there as evidence.

    Only what lies around them is read (`api.live`); a service hands in its ``live`` city.

    Raises
    ------
    InputRefusedError
        When a row of the file cannot be understood, or the roads speak for another frame than the
        one that is stated: no verdict is given on half a question, nor on another place.
    """
    step("read")
    info = store.info()
    live = live or LiveCity(indexed=False)
    whole = live.surroundings(store).city
    read = read_projects(
        path, policy=policy, working_crs=info.crs, time_zone=info.time_zone,
        gazetteer=gazetteer_of(whole), answers=store.answers(),
        today=day_of_judgement(info, as_of).astype(object),
        said=Coordinates(frame=frame, axes=axes, known=known_roads(whole.network)),
    )  # fmt: skip
    refused = [fault for fault in read.faults if fault.level == "refused"]
    if refused:
        raise InputRefusedError(refused, source=path.name)
    step("detect")
    day = day_of_judgement(info, as_of)
    around = live.around(store, read.projects, read.sites, policy, installed_rules(), as_of=day)
    earlier = store.read_findings_of(set(read.projects["code"]))
    ids = set() if earlier is None else set(earlier.table["finding_id"])
    answer = around.told(
        check(
            around.city, read.projects, read.sites, policy, as_of=day, earlier=earlier,
            decisions=store.decisions_of(ids), rules=around.rules,
        )
    )  # fmt: skip
    document: dict[str, Any] = {
        "check_id": uuid4().hex,
        "as_of": str(answer.findings.as_of),
        "data_revision": around.city.data_revision,
        "policy_version": policy.version,
        "software_version": SOFTWARE_VERSION,
        "rules_run": rules_run(answer.findings),
        "projects": project_documents(answer),
    }
    with store.transaction(actor) as change:
        change.put_check(
            document["check_id"],
            policy_version=policy.version,
            request=request or {"source": path.name},
            answer=document,
        )
    return document
