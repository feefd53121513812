"""The pairs of a GeoParquet file that is too large for one process: tiles on a Dask cluster.

Three rounds of tasks, each of bounded size and each of which may be run again, so that a worker that
dies costs time and nothing else:

1. *look*: the box of every row, group of rows by group of rows;
2. *enter*: rows made ready (dates, repair) and written to every tile that their box touches;
3. *answer*: in each tile the pairs for which it answers (`geo.tiles.answers_for`).

Everything between the rounds lies in a scratch folder that all workers can reach. Files are written
under another name and moved into place, and a task that runs twice writes the same files.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import shapely
from pyproj import CRS, Transformer

from api.pairs import Columns, Period, Questions, Rows, in_metres, measured_pairs, ready_rows
from coordination.faults import Fault, UsageError
from data.coordinates import Coordinates
from data.date_text import infer_style
from data.place_rows import in_true_degrees
from data.read_layers import Layer, read_layer
from geo.crs import metric_crs
from geo.tiles import answers_for, split_plane, tiles_touched

if TYPE_CHECKING:
    from distributed import Client

MOST_CENTRES = 4_000_000
"""So many box centres choose plane and tiles; of more rows every second, third … one."""

_AT_ONCE = 50_000  # rows of a group read and prepared together
_NAMED_FAULTS = 100  # of each group; the others are counted
_BOX = ("low_x", "low_y", "high_x", "high_y")
_RETRIES = 5  # of a task whose worker died


@dataclass(frozen=True)
class Job:
    """One question about one file, the same for every task.

    Attributes
    ----------
    file
        GeoParquet; every worker reads it under this path.
    scratch
        Folder for what lies between the rounds; every worker writes and reads it.
    columns, asked
        As for `api.pairs.run_pairs`.
    crs
        CRS of the input where it is not the file's own.
    said
        Frame and order of axes as stated.
    metric
        The metric plane of the whole file.
    halo
        How far boxes reach beyond their rows, x and y, in units of the file.
    time_zone
        Dates that state another zone are converted to this one.
    """

    file: str
    scratch: str
    columns: Columns
    asked: Questions
    crs: str | None = None
    said: Coordinates = field(default_factory=Coordinates)
    metric: str | None = None
    halo: tuple[float, float] = (0.0, 0.0)
    time_zone: str = "Asia/Shanghai"


@dataclass(frozen=True)
class TileSums:
    """What one tile answered: for comparing runs without comparing every pair."""

    tile: int
    rows: int
    pairs: int
    shared_length_m: float
    shared_area_m2: float


@dataclass(frozen=True)
class TiledPairs:
    """The pairs of a file, and what became of its rows.

    Attributes
    ----------
    table
        As `api.pairs.PairsResult.table`.
    rows, rows_left_out
        How many there are, and how many took no part.
    faults
        Why rows were left out or repaired, of each group of rows the first hundred.
    fault_count
        How many there are in all.
    crs, date_style
        As in `api.pairs.PairsResult`.
    tiles
        One entry per tile, in order.
    """

    table: pd.DataFrame
    rows: int
    rows_left_out: int
    faults: list[Fault]
    fault_count: int
    crs: CRS | None
    date_style: str | None
    tiles: tuple[TileSums, ...]

    @property
    def rows_compared(self) -> int:
        """Number of rows that took part."""
        return self.rows - self.rows_left_out


def run_tiled_pairs(client: Client, job: Job, *, tile_rows: int = 100_000) -> TiledPairs:
    """Find the pairs of a file on a cluster: the answer of `api.pairs.run_pairs`.

    Parameters
    ----------
    client
        A connected Dask client; its workers have this software and reach file and scratch folder.
    job
        The question; plane, halo and style of dates are found here.
    tile_rows
        About so many rows per tile: memory per worker grows with it (and with places that hold
        more rows than this by themselves, which no tile can part).

    Raises
    ------
    UsageError
        When a column does not exist or the file is no Parquet.
    InputRefusedError
        When the file cannot be read, or the order of day and month cannot be told.
    """
    job.asked.check()
    groups = _groups(job)
    style = _date_style(job)
    looks = _in_order(client, _look, [(job, group) for group in groups])
    centres = np.concatenate([look.centres for look in looks])
    source = next((look.crs for look in looks if look.crs is not None), None)
    stride = max(1, -(-len(centres) // MOST_CENTRES))
    some = centres[::stride]
    some = some[np.isfinite(some).all(axis=1)]
    metric = None
    if source is not None and len(some):
        metric = metric_crs(gpd.GeoSeries(shapely.points(some), crs=source))
    job = replace(
        job,
        columns=replace(job.columns, date_style=style),
        metric=None if metric is None else metric.to_wkt(),
        halo=_halo(some, source, metric, job.asked.within_m),
    )
    tiles = split_plane(some, max(1, tile_rows // stride))
    entered = _in_order(client, _enter, [(job, group, tiles) for group in groups])
    numbered = [(job, number, tiles[number]) for number in range(len(tiles))]
    sums = _in_order(client, _answer, numbered)
    parts = [pd.read_parquet(_tile_answer(job, number)) for number in range(len(tiles))]
    table = pd.concat([part for part in parts if len(part)] or parts[:1], ignore_index=True)
    table = table.sort_values(["row_left", "row_right"], ignore_index=True)
    return TiledPairs(
        table.drop(columns=["row_left", "row_right"]),
        rows=sum(look.rows for look in looks),
        rows_left_out=sum(one.left_out for one in entered),
        faults=[fault for one in entered for fault in one.faults],
        fault_count=sum(one.fault_count for one in entered),
        crs=metric,
        date_style=style,
        tiles=tuple(sums),
    )


def _in_order(client: Client, task: Any, arguments: list[tuple[Any, ...]]) -> list[Any]:
    """Run a task per argument and return the results in order; a lost one is run again."""
    from distributed.scheduler import KilledWorker  # noqa: PLC0415 - an extra

    futures = [client.submit(task, *given, pure=False, retries=_RETRIES) for given in arguments]
    try:
        results: list[Any] = client.gather(futures)  # type: ignore[no-untyped-call]
    except KilledWorker:
        raise UsageError("pairs.error.worker_lost") from None
    finally:
        client.cancel(futures)  # type: ignore[no-untyped-call]
    return results


# ---- reading ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Group:
    """One row group: its number and the number of its first row."""

    number: int
    first_row: int


def _groups(job: Job) -> list[_Group]:
    try:
        file = pq.ParquetFile(job.file)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise UsageError("pairs.error.not_parquet", path=Path(job.file).name) from error
    job.columns.check(file.schema_arrow.names)
    counts = [file.metadata.row_group(at).num_rows for at in range(file.metadata.num_row_groups)]
    starts = np.cumsum([0, *counts])
    return [_Group(at, int(start)) for at, start in enumerate(starts[:-1])]


def _date_style(job: Job) -> str | None:
    """Return the order of day, month and year, from all different dates of the file."""
    columns = [name for name in (job.columns.start, job.columns.finish) if name is not None]
    if job.columns.date_style is not None or not columns:
        return job.columns.date_style
    seen: dict[str, set[str]] = {name: set() for name in columns}
    for batch in pq.ParquetFile(job.file).iter_batches(_AT_ONCE, columns=columns):
        for name in columns:
            kind = batch.schema.field(name).type
            if not (pa.types.is_date(kind) or pa.types.is_timestamp(kind)):
                seen[name] |= {str(v) for v in batch.column(name).unique().to_pylist() if v}
    return infer_style(*(pd.Series(sorted(found), dtype="str") for found in seen.values()))


def _layers(job: Job, group: _Group, *, dates: bool) -> Iterator[tuple[int, Layer]]:
    """Yield a row group in parts, each read like any file, with the number of its first row."""
    file = pq.ParquetFile(job.file)
    geo = json.loads((file.schema_arrow.metadata or {}).get(b"geo", b"{}"))
    place = [geo["primary_column"]] if "primary_column" in geo else []
    named = [job.columns.name, job.columns.start, job.columns.finish] if dates else []
    wanted = [*place, *(name for name in named if name is not None)]
    folder = Path(job.scratch) / "parts"
    folder.mkdir(parents=True, exist_ok=True)
    first_row = group.first_row
    batches = file.iter_batches(
        _AT_ONCE, row_groups=[group.number], columns=wanted if place else None
    )
    for batch in batches:
        part = folder / f"{uuid4().hex}.parquet"
        table = pa.Table.from_batches([batch]).replace_schema_metadata(file.schema_arrow.metadata)
        pq.write_table(table, part)
        try:
            yield first_row, in_true_degrees(read_layer(part, crs=job.crs, said=job.said))
        finally:
            part.unlink(missing_ok=True)
        first_row += batch.num_rows


# ---- the three rounds ------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Look:
    rows: int
    centres: npt.NDArray[np.float64]
    crs: CRS | None


@dataclass(frozen=True)
class _Entered:
    left_out: int
    faults: list[Fault]
    fault_count: int


def _look(job: Job, group: _Group) -> _Look:
    """Return the middle of every row's box."""
    rows, crs, parts = 0, None, [np.empty((0, 2))]
    for _, layer in _layers(job, group, dates=False):
        rows += len(layer.table)
        if isinstance(layer.table, gpd.GeoDataFrame):
            crs = layer.crs
            boxes = shapely.bounds(np.asarray(layer.table.geometry.array, dtype=object))
            parts.append((boxes[:, :2] + boxes[:, 2:]) / 2)
    return _Look(rows, np.concatenate(parts), crs)


def _enter(job: Job, group: _Group, tiles: npt.NDArray[np.float64]) -> _Entered:
    """Make a group's rows ready and write them to the tiles that they touch."""
    left_out, count, named = 0, 0, list[Fault]()
    written: dict[int, list[pa.Table]] = {}
    metric = None if job.metric is None else CRS.from_wkt(job.metric)
    for first_row, layer in _layers(job, group, dates=True):
        ready = ready_rows(layer, job.columns, metric=metric, time_zone=job.time_zone)
        faults = [*ready.left_out, *ready.repaired, *ready.notes]
        left_out += len({fault.row for fault in ready.left_out})
        count += len(faults)
        named += [_renumbered(fault, first_row) for fault in faults[: _NAMED_FAULTS - len(named)]]
        boxes = _grown(shapely.bounds(ready.shapes), job.halo)
        row, tile = tiles_touched(tiles, boxes)
        table = _table_of(ready, boxes, first_row, layer.crs).take(row)
        cuts = np.searchsorted(tile, np.arange(len(tiles) + 1))
        for number in np.unique(tile).tolist():
            part = table.slice(cuts[number], cuts[number + 1] - cuts[number])
            written.setdefault(number, []).append(part)
    for number, parts in written.items():
        folder = _tile_rows(job, number)
        folder.mkdir(parents=True, exist_ok=True)
        _write(pa.concat_tables(parts), folder / f"{group.number:06d}.parquet")
    return _Entered(left_out, named, count)


def _answer(job: Job, number: int, tile: npt.NDArray[np.float64]) -> TileSums:
    """Find and write the pairs for which a tile answers."""
    files = sorted(_tile_rows(job, number).glob("*.parquet"))
    rows = pa.concat_tables([pq.read_table(file) for file in files]) if files else None
    count = 0 if rows is None else rows.num_rows
    table = _nothing() if rows is None else _pairs_of(job, rows, tile)
    _write(pa.Table.from_pandas(table, preserve_index=False), _tile_answer(job, number))
    return TileSums(
        number, count, len(table), float(table["shared_length_m"].sum()),
        float(table["shared_area_m2"].sum()),
    )  # fmt: skip


def _pairs_of(job: Job, rows: pa.Table, tile: npt.NDArray[np.float64]) -> pd.DataFrame:
    order = np.argsort(rows.column("row").to_numpy(), kind="stable")
    rows = rows.take(order)
    shapes = shapely.from_wkb(rows.column("wkb").to_numpy(zero_copy_only=False))
    boxes = np.stack([rows.column(name).to_numpy() for name in _BOX], axis=1)
    metric = None if job.metric is None else CRS.from_wkt(job.metric)
    source = CRS.from_wkt(rows.schema.metadata[b"crs"].decode()) if metric is not None else None
    _, moved = in_metres(shapes, source, metric)
    period = None
    if job.columns.start is not None:
        days = [rows.column(name).to_numpy() for name in ("start", "finish")]
        period = Period(days[0], days[1], np.ones(len(shapes), dtype=bool), None)
    table = measured_pairs(
        shapes, moved, period, job.asked,
        wanted=lambda left, right: answers_for(tile, boxes[left], boxes[right]),
    )  # fmt: skip
    left, right = table["left"].to_numpy(), table["right"].to_numpy()
    row, name = rows.column("row").to_numpy(), rows.column("name").to_pandas().to_numpy()
    return table.assign(
        left=name[left], right=name[right], row_left=row[left], row_right=row[right]
    )


def _nothing() -> pd.DataFrame:
    none = np.empty(0, dtype=object)
    table = measured_pairs(none, none, None, Questions())
    return table.assign(row_left=table["left"], row_right=table["right"])


def _renumbered(fault: Fault, first_row: int) -> Fault:
    """Return the fault of a part with the row's number in the whole file."""
    return fault if fault.row is None else replace(fault, row=fault.row + first_row)


def _table_of(
    ready: Rows, boxes: npt.NDArray[np.float64], first_row: int, crs: CRS | None
) -> pa.Table:
    """Return rows as they lie between the rounds; row numbers are those of the whole file."""
    count = len(ready.shapes)
    row = np.arange(first_row, first_row + count)
    # Rows without names of their own are called by their number.
    names = ready.names if ready.names.dtype == object else row
    none = np.zeros(count, dtype=np.int64)
    columns: dict[str, Any] = {
        "row": row,
        "name": pa.array(names, from_pandas=True),
        "start": none if ready.period is None else ready.period.start,
        "finish": none if ready.period is None else ready.period.finish,
        "wkb": shapely.to_wkb(ready.shapes),
        **{name: boxes[:, at] for at, name in enumerate(_BOX)},
    }
    return pa.table(columns, metadata=None if crs is None else {"crs": crs.to_wkt()})


def _grown(boxes: npt.NDArray[np.float64], halo: tuple[float, float]) -> npt.NDArray[np.float64]:
    grown: npt.NDArray[np.float64] = boxes + np.array([-halo[0], -halo[1], halo[0], halo[1]])
    return grown


def _halo(
    centres: npt.NDArray[np.float64], source: CRS | None, metric: CRS | None, within_m: float
) -> tuple[float, float]:
    """Return how far, in units of the file, a box has to reach to meet all that is near enough.

    Of two that touch the boxes meet as they are. A distance in metres is carried into the file's
    CRS at places spread over the file, with a margin for its scale in between and for straight
    edges, which bend on their way (2 m at 10 km).
    """
    if within_m == 0:
        return 0.0, 0.0
    if source is None or metric is None or not len(centres):
        return within_m, within_m
    there = Transformer.from_crs(source, metric, always_xy=True)
    back = Transformer.from_crs(metric, source, always_xy=True)
    x, y = there.transform(*centres[:: -(-len(centres) // 1000)].T)
    reach = within_m + 2.0
    at = np.stack(back.transform(x, y))
    moved = [
        np.abs(np.stack(back.transform(x + dx * reach, y + dy * reach)) - at)
        for dx, dy in ((1, 0), (0, 1), (1, 1), (1, -1))
    ]
    most = 1.1 * np.nanmax(np.stack(moved), axis=(0, 2))
    return float(most[0]), float(most[1])


# ---- files between the rounds ----------------------------------------------------------------------


def _tile_rows(job: Job, number: int) -> Path:
    return Path(job.scratch) / "rows" / f"{number:06d}"


def _tile_answer(job: Job, number: int) -> Path:
    return Path(job.scratch) / "answers" / f"{number:06d}.parquet"


def _write(table: pa.Table, path: Path) -> None:
    """Write a file as a whole: whoever reads it meets all of it or none."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{uuid4().hex}")
    pq.write_table(table, draft)
    draft.replace(path)
