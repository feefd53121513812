"""``digonce import …``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from api.commands.session import (
    EXIT_REFUSED,
    SHOWN_FAULTS,
    AxesOption,
    FrameOption,
    JsonOption,
    LangOption,
    PolicyOption,
    Session,
    StoreOption,
    existing,
    refuse_overwriting,
    words,
)
from api.imports import KINDS, ImportOptions, ImportReport, Kind, import_document, import_path
from api.judgement import quality_lines
from api.parse import parse_axes, parse_frame
from coordination.faults import UsageError
from coordination.questions import Question, together
from data.column_mapping import ColumnMapping, load_mapping
from data.comparison_files import write_comparison
from data.question_files import read_answers, write_questions
from data.read_control_points import LIMIT_M
from data.read_layers import read_layer
from data.suggest_mapping import suggest_mapping

SHOWN_CHANGES = 40

FileArgument = Annotated[Path, typer.Argument(help=words("option.open_file"))]
CrsOption = Annotated[str | None, typer.Option("--crs", help=words("option.crs"))]
ControlOption = Annotated[
    Path | None, typer.Option("--control-points", help=words("option.control_points"))
]
ControlLimitOption = Annotated[
    float, typer.Option("--control-limit-m", help=words("option.control_limit_m"))
]
EncodingOption = Annotated[str | None, typer.Option("--encoding", help=words("option.encoding"))]
LayerOption = Annotated[str | None, typer.Option("--layer", help=words("option.layer"))]
MappingOption = Annotated[Path | None, typer.Option("--mapping", help=words("option.mapping"))]
DryRunOption = Annotated[bool, typer.Option("--dry-run", help=words("option.dry_run"))]
PartialOption = Annotated[bool, typer.Option("--partial", help=words("option.partial"))]
RejectsOption = Annotated[Path | None, typer.Option("--rejects", help=words("option.rejects"))]

QuestionsOption = Annotated[
    Path | None, typer.Option("--questions", help=words("option.questions"))
]
CompareOption = Annotated[bool, typer.Option("--compare", help=words("option.compare"))]
CompareOutOption = Annotated[
    Path | None, typer.Option("--compare-out", help=words("option.compare_out"))
]
EditionOption = Annotated[str | None, typer.Option("--edition-of", help=words("option.edition_of"))]
SuggestOption = Annotated[
    bool, typer.Option("--suggest-mapping", help=words("option.suggest_mapping"))
]
HeaderRowOption = Annotated[
    int | None, typer.Option("--header-row", min=1, help=words("option.header_row"))
]
AnswersOption = Annotated[Path | None, typer.Option("--answers", help=words("option.answers"))]


def register(app: typer.Typer) -> None:
    """Add the commands to ``app``."""
    group = typer.Typer(help=words("command.import"), no_args_is_help=True, rich_markup_mode=None)
    app.add_typer(group, name="import")
    for kind in KINDS:
        _add(group, kind)


def _add(group: typer.Typer, kind: Kind) -> None:
    @group.command(kind, help=words(f"command.import_{kind}"))
    def command(
        file: FileArgument,
        store: StoreOption = None,
        crs: CrsOption = None,
        frame: FrameOption = None,
        axes: AxesOption = None,
        control_points: ControlOption = None,
        control_limit_m: ControlLimitOption = LIMIT_M,
        encoding: EncodingOption = None,
        layer: LayerOption = None,
        mapping: MappingOption = None,
        suggest: SuggestOption = False,
        header_row: HeaderRowOption = None,
        dry_run: DryRunOption = False,
        partial: PartialOption = False,
        rejects: RejectsOption = None,
        questions: QuestionsOption = None,
        answers: AnswersOption = None,
        compare: CompareOption = False,
        compare_out: CompareOutOption = None,
        edition_of: EditionOption = None,
        policy: PolicyOption = None,
        as_json: JsonOption = False,
        lang: LangOption = None,
    ) -> None:
        with Session(store=store, lang=lang, as_json=as_json, policy=policy) as session:
            comparing = compare or compare_out is not None
            if kind != "projects" and (comparing or edition_of is not None):
                raise UsageError("cli.error.only_projects")
            for written in (rejects, questions, compare_out):
                refuse_overwriting(written, file, mapping, answers, session.settings.store)
            known = _with_header_row(
                load_mapping(existing(mapping)) if mapping else None, header_row
            )
            if suggest:
                drafted = drafted_mapping(
                    existing(file), known, layer=layer, encoding=encoding, crs=crs,
                    lang=session.lang,
                )  # fmt: skip
                session.emit({"mapping": drafted})
                if not as_json:
                    typer.echo(drafted, nl=False)
                return
            options = ImportOptions(
                mapping=known,
                crs=crs, frame=parse_frame(frame), axes=parse_axes(axes),
                control_points=existing(control_points) if control_points else None,
                control_limit_m=control_limit_m, encoding=encoding, layer=layer,
                partial=partial, dry_run=dry_run or comparing, rejects=rejects,
                edition_of=edition_of,
                answers=read_answers(existing(answers)) if answers else None, lang=session.lang,
            )  # fmt: skip
            with session.steps(3) as step:
                report = import_path(session.settings, kind, existing(file), options, step=step)
            if questions is not None:
                write_questions(questions, report.questions, session.lang)
            if compare_out is not None and report.edition is not None:
                write_comparison(compare_out, report.edition, lang=session.lang)
            tell(session, report)
            tell_list(session, report, whole=comparing)
            tell_questions(session, report.questions, questions)
            session.emit(import_document(report, session.lang))
            if report.refused:
                raise typer.Exit(EXIT_REFUSED)


def _with_header_row(mapping: ColumnMapping | None, row: int | None) -> ColumnMapping | None:
    """Return a mapping that says where the header stands."""
    if row is None:
        return mapping
    mapping = mapping or ColumnMapping()
    return replace(mapping, hints=replace(mapping.hints, header_row=row))


def drafted_mapping(
    path: Path, mapping: ColumnMapping | None, *, layer: str | None, encoding: str | None,
    crs: str | None, lang: str,
) -> str:  # fmt: skip
    """Draft a mapping for a file."""
    known = mapping or ColumnMapping()
    source = read_layer(
        path, layer=layer or known.layer, encoding=encoding or known.encoding,
        crs=crs or known.crs, hints=known.hints,
    )  # fmt: skip
    return suggest_mapping(source, lang=lang, mapping=mapping)


def tell(session: Session, report: ImportReport) -> None:
    """Say what became of the file."""
    shown = sorted(report.faults, key=lambda fault: fault.level != "refused")
    for fault in shown[:SHOWN_FAULTS]:
        session.write(fault.text(session.lang))
    if len(shown) > SHOWN_FAULTS:
        session.say("say.more_faults", count=len(shown) - SHOWN_FAULTS)
    tell_counts(session, report)
    if not report.written:
        session.say("say.dry" if not report.refused else "say.not_written")


def tell_list(session: Session, report: ImportReport, *, whole: bool) -> None:
    """Say how a list of projects compares with the store, and how good its data is.

    ``whole`` names the projects that are not unchanged as well.
    """
    edition = report.edition
    if edition is not None and (whole or edition.continues):
        for line in edition.summary(session.lang):
            session.write(line)
    if edition is not None and whole:
        changed = edition.table["status"] != "unchanged"
        sentences = [
            sentence
            for sentence, shown in zip(edition.sentences(session.lang), changed, strict=True)
            if shown
        ]
        for sentence in sentences[:SHOWN_CHANGES]:
            session.write(sentence)
        if len(sentences) > SHOWN_CHANGES:
            session.say("say.more_changes", count=len(sentences) - SHOWN_CHANGES)
    if report.quality is not None:
        for line in quality_lines(report.quality, session.lang):
            session.write(line)


def tell_questions(session: Session, asked: Sequence[Question], path: Path | None) -> None:
    """Say how many questions there are, and how they are answered."""
    count = len(together(asked))
    if count and path is None:
        session.say("say.questions", count=count)
    elif count:
        session.say("say.questions_written", count=count, path=path)


def tell_counts(session: Session, report: ImportReport) -> None:
    """Say how many rows went in, and what they became."""
    if report.kind == "roads":
        session.say("say.imported_roads", source=report.source, rows=len(report.rows),
                    revision=report.outcome.revision, **report.details)  # fmt: skip
    else:
        session.say("say.imported", source=report.source, **report.counts())
