"""The use case of an export: one layer of a store into one file that others can read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Literal, get_args

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from pyproj import CRS

from api.parse import parse_crs
from api.progress import Steps, silent
from api.provenance import SOFTWARE_VERSION, day_of_judgement, now_text
from coordination import City, Policy
from coordination.audience import audience_of
from coordination.faults import UsageError
from coordination.wording import text
from data.export_tables import ExportTable, What, export_table, in_words
from data.findings_files import PROVENANCE_COLUMNS
from data.store import Store
from data.write_arrow import write_geopackage, write_geoparquet, write_shapefile
from data.write_kml import write_kml
from data.write_layers import COORDINATE_DIGITS, write_csv, write_geojson
from data.write_wzdx import write_wzdx
from data.write_xlsx import write_xlsx

Format = Literal[
    "gpkg", "geojson", "shapefile", "xlsx", "csv", "kml", "geoparquet", "wzdx"
]  # fmt: skip
FORMATS: tuple[Format, ...] = get_args(Format)
Places = Literal["wkt", "lonlat", "none"]
PLACES: tuple[Places, ...] = get_args(Places)

_BY_SUFFIX: Mapping[str, Format] = {
    ".gpkg": "gpkg", ".geojson": "geojson", ".json": "geojson", ".zip": "shapefile",
    ".shp": "shapefile", ".xlsx": "xlsx", ".csv": "csv", ".kml": "kml", ".parquet": "geoparquet",
    ".geoparquet": "geoparquet",
}  # fmt: skip
_IN_DEGREES = frozenset({"geojson", "kml", "wzdx"})
"""Formats whose standard knows one coordinate system, WGS 84."""
_AS_WORKED_IN = frozenset({"gpkg", "shapefile", "geoparquet"})
_METRE_DIGITS = 3
_WGS84 = CRS("EPSG:4326")
NEAR_DAYS = 28
"""How far a feed of work zones looks ahead where nobody says so."""


@dataclass(frozen=True)
class ExportOptions:
    """What goes out, and how.

    Attributes
    ----------
    format
        None judges by the suffix.
    crs
        None: degrees (WGS 84) where the format or a spreadsheet wants them, else the store's.
    lang
        Of headers and codes in a spreadsheet.
    first, last
        Period, inclusive; a feed of work zones takes `NEAR_DAYS` from the day of judgement.
    unit
        Owner unit for which it is made: it sees its own confidential projects.
    confidential
        The office's own copy: everything, contacts too.
    places
        How a table holds geometry; None is ``wkt`` in CSV and ``none`` in a spreadsheet.
    as_of
        Day of judgement.
    """

    format: Format | None = None
    crs: str | None = None
    lang: str = "zh"
    first: date | None = None
    last: date | None = None
    unit: str | None = None
    confidential: bool = False
    places: Places | None = None
    as_of: date | None = None


@dataclass(frozen=True)
class ExportReport:
    """What was written.

    Attributes
    ----------
    rows
        How many.
    left_out
        How many are not in the file, by reason (``export.left_out.…``).
    losses
        What the format could not hold, by reason (``export.loss.…``), with a count.
    """

    what: What
    format: Format
    files: tuple[Path, ...]
    rows: int
    crs: str
    left_out: Mapping[str, int] = field(default_factory=dict)
    losses: Mapping[str, int] = field(default_factory=dict)

    def sentences(self, lang: str) -> list[str]:
        """Return what was left out and what was lost, one sentence each."""
        return [
            text(f"export.{kind}.{reason}", lang, count=count)
            for kind, counts in (("left_out", self.left_out), ("loss", self.losses))
            for reason, count in counts.items()
        ]


@dataclass
class _Job:
    """One file on its way: a writer adds what it lost."""

    path: Path
    table: ExportTable
    rows: gpd.GeoDataFrame
    origin: Mapping[str, object]
    options: ExportOptions
    city: City
    policy: Policy
    time_zone: str
    losses: dict[str, int] = field(default_factory=dict)
    left_out: dict[str, int] = field(default_factory=dict)
    written: int = 0

    @property
    def title(self) -> str:
        return text(f"export.what.{self.table.what}", self.options.lang)


def format_of(path: Path, asked: str | None) -> Format:
    """Return the format asked for, else that of the suffix.

    Raises
    ------
    UsageError
        When neither says one.
    """
    found = asked or _BY_SUFFIX.get(path.suffix.lower())
    if found not in FORMATS:
        raise UsageError("export.error.format", path=str(path), formats=", ".join(FORMATS))
    return found


def export(
    store: Store,
    what: What,
    path: Path,
    options: ExportOptions,
    *,
    policy: Policy,
    step: Steps = silent,
) -> ExportReport:
    """Write one layer of a store into a file; the file is whole or not there.

    Raises
    ------
    UsageError
        When the options contradict each other, nothing was detected yet, or nothing can be written.
    """
    kind = format_of(path, options.format)
    if kind in _IN_DEGREES and options.crs is not None and parse_crs(options.crs) != _WGS84:
        raise UsageError("export.error.degrees_only", format=kind)
    if kind == "wzdx" and what != "projects":
        raise UsageError("export.error.wzdx_projects", what=what)
    step("load")
    info = store.info()
    findings = store.read_findings()
    if what in ("findings", "hotspots") and findings is None:
        raise UsageError("cli.error.no_detection")
    city = store.read_city()
    day = day_of_judgement(info, options.as_of)
    period = (options.first, options.last)
    if kind == "wzdx":
        first = options.first or day.astype(date)
        period = (first, options.last or first + timedelta(days=NEAR_DAYS))
    if period[0] is not None and period[1] is not None and period[0] > period[1]:
        raise UsageError("export.error.period", first=str(period[0]), last=str(period[1]))
    audience = audience_of(options.unit, confidential=options.confidential)
    table = export_table(what, city, findings, audience=audience, period=period)
    origin = {
        "data_revision": city.data_revision if findings is None else findings.data_revision
        if what in ("findings", "hotspots") else city.data_revision,
        "policy_version": policy.version if findings is None else findings.policy_version,
        "software_version": SOFTWARE_VERSION, "as_of": str(day), "run_at": now_text(),
    }  # fmt: skip
    crs = _crs_for(kind, options, city.crs)
    rows = table.rows if crs == table.rows.crs else table.rows.to_crs(crs)
    job = _Job(path, table, rows, origin, options, city, policy, info.time_zone, written=len(rows))
    step("files")
    files = _WRITERS[kind](job)
    return ExportReport(
        what, kind, tuple(files), job.written, crs.to_string(),
        {**table.left_out, **job.left_out}, job.losses,
    )  # fmt: skip


def _crs_for(kind: Format, options: ExportOptions, working: CRS) -> CRS:
    """Return the CRS of the file; a grid without an official number stays on this machine."""
    if options.crs is not None:
        crs = parse_crs(options.crs)
    else:
        crs = working if kind in _AS_WORKED_IN and working.to_authority() else _WGS84
    if crs.to_authority() is None:
        raise UsageError("export.error.own_grid", crs=crs.name)
    return crs


# --- One function per format ---------------------------------------------------------------------


def _geopackage(job: _Job) -> tuple[Path, ...]:
    return (write_geopackage(job.path, job.rows, name=job.table.what, origin=job.origin),)


def _geoparquet(job: _Job) -> tuple[Path, ...]:
    return (write_geoparquet(job.path, job.rows, origin=job.origin),)


def _geojson(job: _Job) -> tuple[Path, ...]:
    ids = {"findings": "finding_id", "sections": "section_id", "ledger": "ledger_id"}
    members = {"name": job.table.what, "provenance": job.origin}
    id_column = ids.get(job.table.what)
    if id_column not in job.rows:
        id_column = None
    return (write_geojson(job.path, job.rows, id_column=id_column, members=members),)


def _shapefile(job: _Job) -> tuple[Path, ...]:
    files, cut = write_shapefile(job.path, job.rows, name=job.table.what, origin=job.origin)
    if cut:
        job.losses["long_texts"] = cut
    return files


def _kml(job: _Job) -> tuple[Path, ...]:
    titles = {"projects": "name", "findings": "rule", "sections": "road", "hotspots": "road"}
    names = ("start", "finish")
    return (
        write_kml(
            job.path, job.rows, name=job.title, origin=job.origin,
            title=next(
                (n for n in (titles.get(job.table.what), "name", "road") if n in job.rows), None
            ),
            period=names if set(names) <= set(job.rows) else None,
        ),
    )  # fmt: skip


def _csv(job: _Job) -> tuple[Path, ...]:
    rows = _with_places(job, "wkt")
    texts = tuple(
        str(name) for name in rows if pd.api.types.is_string_dtype(rows[name].dtype)
        and name != "wkt"
    )  # fmt: skip
    origin: dict[str, Any] = {name: job.origin[name] for name in PROVENANCE_COLUMNS}
    return (write_csv(job.path, rows.assign(**origin), free_text=texts),)


def _xlsx(job: _Job) -> tuple[Path, ...]:
    rows = _with_places(job, "none")
    added = rows[[name for name in ("wkt", "lon", "lat") if name in rows]]
    shown = in_words(rows.drop(columns=added.columns), job.options.lang).join(added)
    return (
        write_xlsx(job.path, shown, name=job.title, origin=job.origin, lang=job.options.lang),
    )  # fmt: skip


def _with_places(job: _Job, default: Places) -> pd.DataFrame:
    """Return the rows as a table, places as text, as one point, or not at all."""
    rows = job.rows
    plain = pd.DataFrame(rows.drop(columns=rows.geometry.name))
    shapes = np.asarray(rows.geometry.array, dtype=object)
    here = shapely.is_geometry(shapes)
    places = job.options.places or default
    if places == "none":
        if here.any():
            job.losses["no_places"] = int(here.sum())
        return plain
    if places == "lonlat":
        point = shapely.point_on_surface(shapes)
        if rows.crs != _WGS84:
            raise UsageError("export.error.lonlat")
        if here.any():
            job.losses["only_points"] = int(here.sum())
        return plain.assign(
            lon=np.round(shapely.get_x(point), COORDINATE_DIGITS),
            lat=np.round(shapely.get_y(point), COORDINATE_DIGITS),
        )
    digits = COORDINATE_DIGITS if rows.crs is None or rows.crs.is_geographic else _METRE_DIGITS
    wkt = np.full(len(rows), None, dtype=object)
    wkt[here] = shapely.to_wkt(shapes[here], rounding_precision=digits)
    code = rows.crs.to_authority() if rows.crs is not None else None
    head = f"SRID={code[1]};" if code is not None and code[0] == "EPSG" else ""
    wkt[here] = [head + text for text in wkt[here]]
    return plain.assign(wkt=wkt)


def _wzdx(job: _Job) -> tuple[Path, ...]:
    written = write_wzdx(
        job.path, job.table.rows, network=job.city.network, origin=job.origin,
        time_zone=job.time_zone, lang=job.options.lang,
    )  # fmt: skip
    job.left_out = dict(written.left_out)
    job.written = written.features
    return (job.path,)


_WRITERS: Mapping[Format, Callable[[_Job], tuple[Path, ...]]] = {
    "gpkg": _geopackage,
    "geojson": _geojson,
    "shapefile": _shapefile,
    "xlsx": _xlsx,
    "csv": _csv,
    "kml": _kml,
    "geoparquet": _geoparquet,
    "wzdx": _wzdx,
}


def export_document(report: ExportReport, lang: str) -> dict[str, Any]:
    """Return the report as machines read it."""
    document = asdict(replace(report, files=()))
    return document | {
        "files": [str(file) for file in report.files],
        "left_out": dict(report.left_out),
        "losses": dict(report.losses),
        "sentences": report.sentences(lang),
    }
