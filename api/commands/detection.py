"""``digonce detect``, ``check``, ``map``, ``report``."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer

from api import workflow
from api.check_answer import check_lines
from api.cluster import cluster
from api.commands.session import (
    EXIT_NO,
    AsOfOption,
    AxesOption,
    FrameOption,
    Session,
    existing,
    in_session,
    refuse_overwriting,
    words,
    words_of,
)
from api.parse import parse_axes, parse_day, parse_frame
from api.parts import on_cluster
from coordination.faults import UsageError
from coordination.findings import Findings
from coordination.wording import text

OutDirOption = Annotated[Path | None, typer.Option("--out", help=words("option.out_dir"))]


def register(app: typer.Typer) -> None:
    """Add the commands to ``app``."""
    app.command("detect", help=words("command.detect"))(detect)
    app.command("check", help=words("command.check"))(check)
    app.command("map", help=words("command.map"))(draw_map)
    app.command("report", help=words("command.report"))(report)


def tell(session: Session, findings: Findings) -> None:
    """Say what was found, and which rules ran."""
    summary = workflow.summary(findings)
    session.say("say.detected", **summary["counts"], as_of=summary["as_of"])
    names = {run.rule: run.label(session.lang) for run in findings.rules_run}
    ran = [names[run.rule] for run in findings.rules_run if run.ran]
    join = text("findings.list.join", session.lang)
    session.say("say.rules_ran", rules=join.join(ran))
    missing: dict[str, list[str]] = {}
    for run in findings.rules_run:
        if not run.ran:
            lacks = join.join(text(f"report.missing.{what}", session.lang) for what in run.missing)
            missing.setdefault(lacks, []).append(names[run.rule])
    for run in findings.rules_run:
        if run.ran and run.missing:
            lacks = join.join(text(f"report.missing.{what}", session.lang) for what in run.missing)
            session.say("say.rule_partly", rule=names[run.rule], lacks=lacks)
    for lacks, rules in missing.items():
        session.say("say.rules_not", lacks=lacks, rules=join.join(rules))


@in_session(policy=True)
def detect(
    session: Session,
    as_of: AsOfOption = None,
    out: OutDirOption = None,
    full: Annotated[bool, typer.Option("--full", help=words("option.full"))] = False,
    engine: Annotated[str, typer.Option("--engine", help=words("option.detect_engine"))] = "local",
    scheduler: Annotated[
        str | None, typer.Option("--scheduler", help=words("option.scheduler"))
    ] = None,
    workers: Annotated[int, typer.Option("--workers", help=words("option.workers"))] = 2,
    worker_memory: Annotated[
        str, typer.Option("--worker-memory", help=words("option.worker_memory"))
    ] = "2GiB",
) -> None:
    """Run all rules and write the findings back."""
    day = parse_day(as_of)
    if engine not in {"local", "dask"}:
        raise UsageError("cli.error.engine", found=engine)
    if workers < 1:
        raise UsageError("pairs.error.too_few", option="--workers")
    with ExitStack() as stack:
        opened = stack.enter_context(session.open_store())
        step = stack.enter_context(session.steps(4))
        client = None
        if engine == "dask":
            client = stack.enter_context(cluster(scheduler, workers=workers, memory=worker_memory))
        city, findings = workflow.run_detection(
            opened, session.policy(opened), as_of=day, actor=session.settings.actor,
            full=full, step=step, parts=None if client is None else on_cluster(client),
        )  # fmt: skip
        written = []
        if out is not None:
            step("files")
            written = workflow.write_files(out, city, findings)
    if city.network is None:
        session.say("say.place_basis")
    tell(session, findings)
    for path in written:
        session.say("say.wrote", path=path)
    session.emit(workflow.summary(findings) | {"files": [str(path) for path in written]})


@in_session(policy=True)
def check(
    session: Session,
    file: Annotated[
        Path | None, typer.Argument(help=words("option.open_file"), allow_dash=True)
    ] = None,
    show: Annotated[
        str | None, typer.Option("--show", help=words_of("check.told")("option_show"))
    ] = None,
    as_of: AsOfOption = None,
    frame: FrameOption = None,
    axes: AxesOption = None,
) -> None:
    """Give a verdict on each project of a file, or show an earlier check as it was answered."""
    if (file is None) == (show is None):
        raise UsageError("check.told.needs_file")
    day = parse_day(as_of)
    if show is not None:
        with session.open_store() as opened:
            answer = workflow.stored_check(opened, show)
    else:
        assert file is not None
        with _as_file(file) as path, session.open_store() as opened, session.steps(2) as step:
            answer = workflow.check_path(
                opened, path, as_of=day, policy=session.policy(opened),
                actor=session.settings.actor, frame=parse_frame(frame), axes=parse_axes(axes),
                step=step,
            )  # fmt: skip
    for line in check_lines(answer, session.lang):
        session.write(line)
    session.emit(answer)
    if any(project["verdict"] == "blocked" for project in answer["projects"]):
        raise typer.Exit(EXIT_NO)


@contextmanager
def _as_file(file: Path) -> Iterator[Path]:
    """Give the file, or what comes through standard input as a file."""
    if str(file) != "-":
        yield existing(file)
        return
    with TemporaryDirectory(prefix="digonce-") as folder:
        path = Path(folder) / "stdin"
        path.write_bytes(typer.get_binary_stream("stdin").read())
        yield path


@in_session()
def draw_map(
    session: Session, out: Annotated[Path, typer.Option("--out", help=words("option.out_file"))]
) -> None:
    """Write one self-contained page."""
    refuse_overwriting(out, session.settings.store)
    with session.open_store() as opened, session.steps(2) as step:
        workflow.write_map(
            opened, out, session.policy(opened), lang=session.lang,
            tiles=session.settings.tiles, step=step,
        )  # fmt: skip
    session.say("say.wrote", path=out)
    session.emit({"map": str(out)})


@in_session()
def report(
    session: Session,
    out: Annotated[Path, typer.Option("--out", help=words("option.out_dir"))],
    unit: Annotated[str | None, typer.Option("--unit", help=words("option.unit"))] = None,
) -> None:
    """Write the meeting report and the files of findings."""
    with session.open_store() as opened, session.steps(3) as step:
        page = workflow.write_report_folder(opened, out, lang=session.lang, unit=unit, step=step)
    session.say("say.wrote", path=page)
    session.emit({"report": str(page)})
