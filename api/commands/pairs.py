"""``digonce pairs``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from api.commands.session import (
    SHOWN_FAULTS,
    AxesOption,
    FrameOption,
    JsonOption,
    LangOption,
    Session,
    existing,
    refuse_overwriting,
    words,
)
from api.pairs import run_pairs
from api.parse import parse_axes, parse_crs, parse_frame
from api.problems import fault_entry
from coordination.faults import UsageError
from data.coordinates import Coordinates
from data.place_rows import in_true_degrees
from data.read_layers import read_layer
from data.write_layers import inert, write_whole


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command("pairs", help=words("command.pairs"))(pairs)


def pairs(
    file: Annotated[Path, typer.Argument(help=words("option.open_file"))],
    out: Annotated[Path, typer.Option("--out", help=words("option.out_file"))],
    within_m: Annotated[float, typer.Option("--within-m", help=words("option.within_m"))] = 0.0,
    gap_days: Annotated[int, typer.Option("--gap-days", help=words("option.gap_days"))] = 0,
    min_shared_m: Annotated[
        float, typer.Option("--min-shared-m", help=words("option.min_shared_m"))
    ] = 0.0,
    id_column: Annotated[str | None, typer.Option("--id", help=words("option.id"))] = None,
    start: Annotated[str | None, typer.Option("--start", help=words("option.start"))] = None,
    finish: Annotated[str | None, typer.Option("--finish", help=words("option.finish"))] = None,
    date_style: Annotated[
        str | None, typer.Option("--date-style", help=words("option.date_style"))
    ] = None,
    crs: Annotated[str | None, typer.Option("--crs", help=words("option.crs"))] = None,
    frame: FrameOption = None,
    axes: AxesOption = None,
    encoding: Annotated[
        str | None, typer.Option("--encoding", help=words("option.encoding"))
    ] = None,
    layer: Annotated[str | None, typer.Option("--layer", help=words("option.layer"))] = None,
    strict: Annotated[bool, typer.Option("--strict", help=words("option.strict"))] = False,
    engine: Annotated[str, typer.Option("--engine", help=words("option.engine"))] = "local",
    as_json: JsonOption = False,
    lang: LangOption = None,
) -> None:
    """Compare the rows of any layer with each other, in space and time."""
    with Session(lang=lang, as_json=as_json) as session:
        if engine != "local":
            raise UsageError("cli.error.engine", found=engine)
        refuse_overwriting(out, file)
        with session.steps(3) as step:
            step("read")
            read = in_true_degrees(
                read_layer(
                    existing(file), layer=layer, encoding=encoding,
                    crs=parse_crs(crs) if crs else None,
                    said=Coordinates(frame=parse_frame(frame), axes=parse_axes(axes)),
                )
            )  # fmt: skip
            step("pairs")
            result = run_pairs(
                read, within_m=within_m, gap_days=gap_days, min_shared_m=min_shared_m,
                id_column=id_column, start_column=start, finish_column=finish,
                date_style=date_style, strict=strict,
            )  # fmt: skip
            step("files")
            table = result.table
            if id_column:
                table = table.assign(left=inert(table["left"]), right=inert(table["right"]))
            # No byte-order mark: this file is read by programs, by its column names.
            write_whole(out, table.to_csv(index=False, lineterminator="\n"))
        faults = [*result.left_out, *result.repaired, *result.notes]
        for fault in faults[:SHOWN_FAULTS]:
            session.write(fault.text(session.lang))
        if len(faults) > SHOWN_FAULTS:
            session.say("say.more_faults", count=len(faults) - SHOWN_FAULTS)
        session.say("say.pairs", pairs=len(result.table), rows=result.rows_compared,
                    left_out=result.rows_left_out)  # fmt: skip
        session.say("say.wrote", path=out)
        session.emit(
            {
                "pairs": len(result.table),
                "rows": result.rows,
                "rows_compared": result.rows_compared,
                "rows_left_out": result.rows_left_out,
                "crs": result.crs.to_string() if result.crs else None,
                "date_style": result.date_style,
                "out": str(out),
                "faults": [fault_entry(fault, session.lang) for fault in faults],
            }
        )
