"""``digonce pairs``."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import typer

from api.cluster import cluster
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
from api.pairs import Columns, PairsResult, Questions, run_pairs
from api.parse import parse_axes, parse_crs, parse_frame
from api.tiled_pairs import Job, TiledPairs, run_tiled_pairs
from coordination.faults import InputRefusedError, UsageError
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
    scheduler: Annotated[
        str | None, typer.Option("--scheduler", help=words("option.scheduler"))
    ] = None,
    workers: Annotated[int, typer.Option("--workers", help=words("option.workers"))] = 2,
    worker_memory: Annotated[
        str, typer.Option("--worker-memory", help=words("option.worker_memory"))
    ] = "2GiB",
    tile_rows: Annotated[
        int, typer.Option("--tile-rows", help=words("option.tile_rows"))
    ] = 100_000,
    scratch: Annotated[Path | None, typer.Option("--scratch", help=words("option.scratch"))] = None,
    as_json: JsonOption = False,
    lang: LangOption = None,
) -> None:
    """Compare the rows of any layer with each other, in space and time."""
    asked = Questions(within_m, gap_days, min_shared_m)
    columns = Columns(id_column, start, finish, date_style)
    with Session(lang=lang, as_json=as_json) as session:
        refuse_overwriting(out, existing(file))
        said = Coordinates(frame=parse_frame(frame), axes=parse_axes(axes))
        if engine == "dask":
            here = Cluster(scheduler, workers, worker_memory, scratch or out.parent, tile_rows)
            job = Job(str(file.resolve()), "", columns, asked, crs, said)
            _tell(session, out, id_column, _by_tiles(session, job, here, strict=strict))
            return
        if engine != "local":
            raise UsageError("cli.error.engine", found=engine)
        with session.steps(2) as step:
            step("read")
            read = in_true_degrees(
                read_layer(
                    file, layer=layer, encoding=encoding, said=said,
                    crs=parse_crs(crs) if crs else None,
                )
            )  # fmt: skip
            step("pairs")
            result = run_pairs(
                read, within_m=within_m, gap_days=gap_days, min_shared_m=min_shared_m,
                id_column=id_column, start_column=start, finish_column=finish,
                date_style=date_style, strict=strict,
            )  # fmt: skip
        _tell(session, out, id_column, result)


@dataclass(frozen=True)
class Cluster:
    """Where tiles are worked on."""

    scheduler: str | None
    workers: int
    memory: str
    scratch: Path
    tile_rows: int


def _by_tiles(session: Session, job: Job, here: Cluster, *, strict: bool) -> TiledPairs:
    """Let a cluster find the pairs; what lies between its rounds is removed in the end."""
    if here.workers < 1 or here.tile_rows < 1:
        name = "workers" if here.workers < 1 else "tile-rows"
        raise UsageError("pairs.error.too_few", option=f"--{name}")
    try:
        folder = Path(tempfile.mkdtemp(prefix=".digonce-pairs-", dir=here.scratch)).resolve()
    except OSError:
        raise UsageError("pairs.error.scratch", path=str(here.scratch)) from None
    try:
        with (
            session.steps(1) as step,
            cluster(here.scheduler, workers=here.workers, memory=here.memory) as client,
        ):
            step("pairs")
            job = replace(job, scratch=str(folder))
            result = run_tiled_pairs(client, job, tile_rows=here.tile_rows)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    most = max((tile.rows for tile in result.tiles), default=0)
    session.say("say.tiles", tiles=len(result.tiles), most=most)
    if strict and result.rows_left_out:
        refused = [fault for fault in result.faults if fault.level == "refused"]
        raise InputRefusedError(refused, source=Path(job.file).name)
    return result


def _tell(
    session: Session, out: Path, id_column: str | None, result: PairsResult | TiledPairs
) -> None:
    """Write the pairs, and say what was found and what was left out."""
    table = result.table
    if id_column:
        table = table.assign(left=inert(table["left"]), right=inert(table["right"]))
    # No byte-order mark: this file is read by programs, by its column names.
    write_whole(out, table.to_csv(index=False, lineterminator="\n"))
    faults = result.faults
    for fault in faults[:SHOWN_FAULTS]:
        session.write(fault.text(session.lang))
    if result.fault_count > SHOWN_FAULTS:
        session.say("say.more_faults", count=result.fault_count - SHOWN_FAULTS)
    session.say(
        "say.pairs", pairs=len(table), rows=result.rows_compared, left_out=result.rows_left_out
    )
    session.say("say.wrote", path=out)
    session.emit(
        {
            "pairs": len(table),
            "rows": result.rows,
            "rows_compared": result.rows_compared,
            "rows_left_out": result.rows_left_out,
            "crs": result.crs.to_string() if result.crs else None,
            "date_style": result.date_style,
            "out": str(out),
            "faults": [fault.document(session.lang) for fault in faults],
            **(
                {"tiles": [vars(tile) for tile in result.tiles]}
                if isinstance(result, TiledPairs)
                else {}
            ),
        }
    )
