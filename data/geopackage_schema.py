"""The tables of a store: their columns once, and the DDL and triggers made from them.

Layers are made empty by GDAL, so that their metadata is what GDAL and QGIS expect, and get their
columns here. Names and kinds are those of the domain and suit PostGIS as well.

Edits by other programs: a trigger on every table asks ``write_state.ours``. It is 1 only inside
our own write transaction (and falls back with it), so whatever another program does meets 0: on the
tables that people edit on a map the trigger logs the edit with the actor ``external`` and gives it a
revision, on all others it refuses the edit.
"""

# ruff: noqa: S608 - names of tables and columns are our own constants; values are bound

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from coordination.findings import (
    DETAIL_COLUMNS,
    FINDING_COLUMNS,
    HOTSPOT_COLUMNS,
    SPAN_COLUMNS,
)
from coordination.projects import PROJECT_FIELDS, SITE_FIELDS, Field
from data.geopackage_geometry import GeometryKind, sql_wkb

SCHEMA_VERSION = 1
"""Version of the tables that this software reads and writes; see `data.migrations`."""

ColumnKind = Literal["text", "number", "integer", "date", "flag", "code", "json", "blob"]

SQL_TYPE: dict[ColumnKind, str] = {
    "text": "TEXT", "code": "TEXT", "number": "REAL", "integer": "INTEGER", "date": "DATE",
    "flag": "BOOLEAN", "json": "TEXT", "blob": "BLOB",
}  # fmt: skip


@dataclass(frozen=True)
class Column:
    """One column: ``kind`` as in `coordination.projects.Field`, or ``json`` (text) or ``blob``."""

    name: str
    kind: ColumnKind = "text"
    codes: tuple[str, ...] = ()
    references: str | None = None


@dataclass(frozen=True)
class Table:
    """One table of the store.

    Attributes
    ----------
    name
        As GDAL and QGIS show it.
    columns
        Beside ``fid`` and, in a layer, ``geom``.
    key
        Columns that identify a row for people and in the log; unique where `unique`.
    geometry
        Declared type of a layer; None for an attribute table.
    edited
        Whether other programs may edit it (and are logged) or are refused.
    """

    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    geometry: GeometryKind | None = None
    edited: bool = False
    unique: bool = True

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns, in order."""
        return tuple(column.name for column in self.columns)


def _fields(fields: tuple[Field, ...]) -> tuple[Column, ...]:
    return tuple(Column(field.name, field.kind, field.codes) for field in fields)


def _texts(names: str) -> tuple[Column, ...]:
    return tuple(Column(name) for name in names.split())


_FINDING_KINDS: dict[str, ColumnKind] = {
    **dict.fromkeys(
        (
            "from_m", "to_m", "shared_length_m", "shared_area_m2", "distance_m", "overlap_days",
            "overlap_days_certain", "gap_days", "likelihood", "impact_index", "saving_low_wan",
            "saving_mid_wan", "saving_high_wan", "shortest_gap_days", "metres_opened",
        ),
        "number",
    ),
    "start": "date", "finish": "date", "openings_24m": "integer", "openings_60m": "integer",
}  # fmt: skip


def _finding_columns(names: tuple[str, ...]) -> tuple[Column, ...]:
    return tuple(Column(name, _FINDING_KINDS.get(name, "text")) for name in names)


_EXTRA = Column("extra", "json")  # further columns of the source, as one JSON object

PROJECTS = Table(
    "projects", (*_fields(PROJECT_FIELDS), Column("revision", "integer")), ("code",), edited=True
)
SITES = Table(
    "sites",
    (
        Column("project_code", references="projects(code)"),
        *_fields(SITE_FIELDS),
        Column("footprint_source", "code", ("polygon", "line", "point", "text")),
    ),
    ("project_code", "site_id"),
    "MULTIPOLYGON",
    edited=True,
)
FILINGS = Table(
    "filings",
    (
        Column("project_code", references="projects(code)"),
        *_texts("site_id source_file"),
        Column("source_row", "integer"),
        *_texts("geometry_type crs"),
        Column("wkb", "blob"),
        Column("row_json", "json"),
    ),
    ("project_code", "site_id"),
    unique=False,
)
ROAD_SECTIONS = Table(
    "road_sections",
    (
        *_texts("section_id road road_class"),
        Column("width_m", "number"),
        Column("oneway", "flag"),
        *_texts("node_from node_to"),
        Column("trim_from_m", "number"),
        Column("trim_to_m", "number"),
        Column("named", "flag"),
        _EXTRA,
    ),
    ("section_id",),
    "MULTILINESTRING",
    edited=True,
)
JUNCTIONS = Table(
    "junctions", (*_texts("junction_id name"), _EXTRA), ("junction_id",), "MULTIPOLYGON"
)
LEDGER = Table(
    "ledger",
    (
        *_texts("ledger_id road kind surface"),
        *(Column(name, "date") for name in ("day", "start", "finish")),
        *_texts("sector method owner_unit work_type source"),
        _EXTRA,
    ),
    ("ledger_id",),
    "MULTIPOLYGON",
    edited=True,
)
RESTRICTIONS = Table(
    "restrictions",
    (
        *_texts("restriction_id name kind road"),
        Column("start", "date"),
        Column("finish", "date"),
        *_texts("severity legal_basis source"),
        _EXTRA,
    ),
    ("restriction_id",),
    "MULTIPOLYGON",
    edited=True,
)
BOUNDARIES = Table(
    "boundaries",
    (*_texts("boundary_id code name name_en level parent source"), _EXTRA),
    ("boundary_id",),
    "MULTIPOLYGON",
    edited=True,
)
_ASSET_COLUMNS = (
    *_texts("asset_id kind name road owner_unit"),
    Column("due", "date"),
    Column("value", "number"),
    *_texts("unit source"),
    _EXTRA,
)
# A layer has one type, and assets are areas, lines and points: three layers, one table to us.
ASSETS = Table("assets", _ASSET_COLUMNS, ("asset_id",), "MULTIPOLYGON", edited=True)
ASSET_LINES = Table("asset_lines", _ASSET_COLUMNS, ("asset_id",), "MULTILINESTRING", edited=True)
ASSET_POINTS = Table("asset_points", _ASSET_COLUMNS, ("asset_id",), "MULTIPOINT", edited=True)
FINDINGS = Table(
    "findings",
    _finding_columns((*FINDING_COLUMNS, *DETAIL_COLUMNS)),
    ("finding_id",),
    "MULTIPOLYGON",
)
HOTSPOTS = Table(
    "hotspots",
    _finding_columns(HOTSPOT_COLUMNS),
    ("road", "section_id"),
    "MULTILINESTRING",
    unique=False,
)
BUNDLES = Table(
    "bundles",
    (
        *_texts("bundle_id name mode status lead_unit"),
        Column("start", "date"),
        Column("finish", "date"),
        *(Column(f"saving_{level}_wan", "number") for level in ("low", "mid", "high")),
        *_texts("reason_zh reason_en"),
        Column("revision", "integer"),
        _EXTRA,
    ),
    ("bundle_id",),
    "MULTIPOLYGON",
)
FINDING_SPANS = Table(
    "finding_spans", _finding_columns(SPAN_COLUMNS), ("finding_id",), unique=False
)
RULES_RUN = Table(
    "rules_run",
    (Column("rule"), Column("ran", "flag"), Column("missing"), Column("found", "integer")),
    ("rule",),
)
DECISIONS = Table(
    "decisions",
    (
        Column("finding_id"),
        Column("revision", "integer"),
        *_texts("actor at status note agreed_item deadline"),
        Column("state", "json"),
    ),
    ("finding_id",),
    unique=False,
)
STAGE_EVENTS = Table(
    "stage_events",
    (
        Column("project_code"),
        Column("revision", "integer"),
        *_texts("actor at stage_from stage_to reason"),
    ),
    ("project_code",),
    unique=False,
)
BUNDLE_MEMBERS = Table(
    "bundle_members",
    (
        *_texts("bundle_id code"),
        Column("works_order", "integer"),
        *_texts("role reason_zh reason_en"),
    ),
    ("bundle_id", "code"),
)
CHECKS = Table(
    "checks",
    (
        *_texts("check_id at actor"),
        Column("data_revision", "integer"),
        Column("policy_version"),
        Column("request", "json"),
        Column("answer", "json"),
    ),
    ("check_id",),
)
UNITS = Table("units", _texts("code name name_en department sector level contact"), ("code",))
TOWNS = Table("towns", _texts("code name name_en district"), ("code",))
CHANGE_LOG = Table(
    "change_log",
    (
        Column("revision", "integer"),
        Column("seq", "integer"),
        *_texts("table_name row_key action actor at"),
        Column("before", "json"),
        Column("after", "json"),
    ),
    ("revision", "seq"),
)

TABLES: tuple[Table, ...] = (
    PROJECTS, SITES, FILINGS, ROAD_SECTIONS, JUNCTIONS, LEDGER, RESTRICTIONS, BOUNDARIES, ASSETS,
    ASSET_LINES, ASSET_POINTS, FINDINGS, HOTSPOTS, BUNDLES, FINDING_SPANS, RULES_RUN, DECISIONS,
    STAGE_EVENTS, BUNDLE_MEMBERS, CHECKS, UNITS, TOWNS, CHANGE_LOG,
)  # fmt: skip
LAYERS = tuple(table for table in TABLES if table.geometry is not None)

_STATE_DDL = """
CREATE TABLE meta (key TEXT PRIMARY KEY NOT NULL, value TEXT) WITHOUT ROWID;
CREATE TABLE schema_versions (
    version INTEGER PRIMARY KEY NOT NULL, name TEXT NOT NULL, applied_at TEXT NOT NULL);
CREATE TABLE write_state (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    ours INTEGER NOT NULL,
    log_revision INTEGER NOT NULL,
    data_revision INTEGER NOT NULL);
INSERT INTO write_state VALUES (1, 0, 0, 0);
"""

_NOT_OURS = "(SELECT ours FROM write_state) = 0"


def quoted(name: str) -> str:
    """Return an SQL identifier; all names are our own, several are SQL words (start, before)."""
    return f'"{name}"'


def table_ddl(table: Table) -> list[str]:
    """Return the statements that make an attribute table, or give an empty layer its columns."""
    parts = [
        f"{quoted(column.name)} {SQL_TYPE[column.kind]}"
        + (f" REFERENCES {column.references}" if column.references else "")
        for column in table.columns
    ]
    name = quoted(table.name)
    if table.geometry is None:
        fid = "fid INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL"
        statements = [
            f"CREATE TABLE {name} ({fid}, {', '.join(parts)})",
            (
                "INSERT INTO gpkg_contents (table_name, data_type, identifier)"
                f" VALUES ('{table.name}', 'attributes', '{table.name}')"
            ),
        ]
    else:
        statements = [f"ALTER TABLE {name} ADD COLUMN {part}" for part in parts]
    unique = "UNIQUE " if table.unique else ""
    keys = ", ".join(quoted(key) for key in table.key)
    statements.append(f"CREATE {unique}INDEX digonce_{table.name}_key ON {name} ({keys})")
    return statements


def trigger_ddl(table: Table) -> list[str]:
    """Return the triggers that log or refuse what other programs write to ``table``."""
    return _logging_triggers(table) if table.edited else _refusing_triggers(table)


def _trigger(table: Table, name: str, event: str, when: str, body: str) -> str:
    return (
        f"CREATE TRIGGER digonce_{table.name}_{name} {event} ON {quoted(table.name)}"
        f" WHEN {when} BEGIN {body} END"
    )


def _refusing_triggers(table: Table) -> list[str]:
    body = f"SELECT RAISE(ABORT, 'digonce: {table.name} is written by digonce only');"
    # The log is append-only for ourselves too.
    always = {"UPDATE", "DELETE"} if table is CHANGE_LOG else set()
    return [
        _trigger(
            table,
            f"only_{event.lower()}",
            f"BEFORE {event}",
            "1" if event in always else _NOT_OURS,
            body,
        )
        for event in ("INSERT", "UPDATE", "DELETE")
    ]


def _logging_triggers(table: Table) -> list[str]:
    return [
        *(
            _trigger(
                table, f"check_{event.lower()}", f"BEFORE {event}", _NOT_OURS, _checks(table, event)
            )
            for event in ("INSERT", "UPDATE", "DELETE")
            if event != "DELETE" or table is PROJECTS
        ),
        *(
            _trigger(table, f"log_{event.lower()}", f"AFTER {event}", _NOT_OURS, _log(table, event))
            for event in ("INSERT", "UPDATE", "DELETE")
        ),
    ]


def _row_key(table: Table, row: str) -> str:
    return " || '/' || ".join(f"COALESCE({row}.{quoted(key)}, '')" for key in table.key)


def _row_json(table: Table, row: str) -> str:
    parts = []
    for column in table.columns:
        value = f"{row}.{quoted(column.name)}"
        if column.kind == "flag":
            value = f"json(CASE {value} WHEN 1 THEN 'true' WHEN 0 THEN 'false' ELSE 'null' END)"
        parts.append(f"'{column.name}', {value}")
    if table.geometry is not None:
        parts.append(f"'geometry', lower(hex({sql_wkb(f'{row}.geom')}))")
    return f"json_object({', '.join(parts)})"


def _log(table: Table, event: str) -> str:
    before = _row_json(table, "OLD") if event != "INSERT" else "NULL"
    after = _row_json(table, "NEW") if event != "DELETE" else "NULL"
    row = "OLD" if event == "DELETE" else "NEW"
    statements = [
        (
            "UPDATE write_state SET ours = 1, log_revision = log_revision + 1,"
            " data_revision = log_revision + 1"
        ),
        (
            "INSERT INTO change_log"
            " (revision, seq, table_name, row_key, action, actor, at, before, after)"
            f" SELECT log_revision, 1, '{table.name}', {_row_key(table, row)}, '{event.lower()}',"
            f" 'external', strftime('%Y-%m-%dT%H:%M:%fZ', 'now'), {before}, {after}"
            " FROM write_state"
        ),
    ]
    touched = {PROJECTS.name: "code", SITES.name: "project_code"}.get(table.name)
    if touched and not (table is PROJECTS and event == "DELETE"):
        rows = {"INSERT": ("NEW",), "UPDATE": ("OLD", "NEW"), "DELETE": ("OLD",)}[event]
        codes = ", ".join(f"{row}.{touched}" for row in rows)
        statements.append(
            "UPDATE projects SET revision = (SELECT log_revision FROM write_state)"
            f" WHERE code IN ({codes})"
        )
    statements.append("UPDATE write_state SET ours = 0")
    return " ".join(f"{statement};" for statement in statements)


def _refuse(condition: str, message: str) -> str:
    return f"SELECT RAISE(ABORT, 'digonce: {message}') WHERE {condition};"


def _checks(table: Table, event: str) -> str:
    """Return what an edit by another program must keep, so that the store stays readable."""
    if event == "DELETE":
        return _refuse(
            "EXISTS (SELECT 1 FROM sites WHERE project_code = OLD.code)",
            "delete the sites of a project first, or withdraw it",
        )
    name = quoted(table.name)
    same_key = " AND ".join(f"{quoted(key)} = NEW.{quoted(key)}" for key in table.key)
    # INSERT OR REPLACE would delete the older row without firing its trigger.
    other = "fid IS NOT OLD.fid" if event == "UPDATE" else "1"
    clash = f"EXISTS (SELECT 1 FROM {name} WHERE {same_key} AND {other})"
    if event == "INSERT":
        clash += f" OR EXISTS (SELECT 1 FROM {name} WHERE fid = NEW.fid)"
    else:
        clash += f" OR (NEW.fid <> OLD.fid AND EXISTS (SELECT 1 FROM {name} WHERE fid = NEW.fid))"
    body = [_refuse(clash, f"this {' and '.join(table.key)} exists already")]
    for key in table.key:
        was = f" AND OLD.{quoted(key)} IS NOT NULL" if event == "UPDATE" else ""
        body.append(_refuse(f"NEW.{quoted(key)} IS NULL{was}", f"{key} is missing"))
    for column in table.columns:
        value = f"NEW.{quoted(column.name)}"
        if column.codes:
            codes = ", ".join(f"'{code}'" for code in column.codes)
            condition = f"{value} NOT IN ({codes})"
        elif column.kind == "date":
            condition = f"{value} IS NOT NULL AND date({value}) IS NOT {value}"
        elif column.kind == "flag":
            condition = f"{value} NOT IN (0, 1)"
        elif column.kind in ("number", "integer"):
            allowed = "'integer'" if column.kind == "integer" else "'integer', 'real'"
            condition = f"typeof({value}) NOT IN ('null', {allowed})"
        elif column.kind == "json":
            condition = f"{value} IS NOT NULL AND NOT json_valid({value})"
        else:
            condition = f"typeof({value}) NOT IN ('null', 'text')"
        body.append(_refuse(condition, f"{column.name} has a value that does not fit"))
    if table is SITES:
        exists = "EXISTS (SELECT 1 FROM projects WHERE code = NEW.project_code)"
        body.append(_refuse(f"NOT {exists}", "project_code names no project"))
    if table is PROJECTS and event == "UPDATE":
        used = "EXISTS (SELECT 1 FROM sites WHERE project_code = OLD.code)"
        body.append(_refuse(f"NEW.code <> OLD.code AND {used}", "a code with sites stays"))
    if table.geometry is not None:
        body.append(_refuse(_misfit(table), f"{table.name} cannot hold this geometry"))
    return " ".join(body)


_WKB_TYPES: dict[GeometryKind, tuple[int, int]] = {
    "MULTIPOLYGON": (3, 6), "MULTILINESTRING": (2, 5), "MULTIPOINT": (1, 4),
}  # fmt: skip


def _misfit(table: Table) -> str:
    """Return the condition under which ``NEW.geom`` is not of the layer's simple or multi type."""
    assert table.geometry is not None
    simple, multi = _WKB_TYPES[table.geometry]
    wkb = sql_wkb("NEW.geom")
    header = "hex(substr(NEW.geom, 1, 2)) <> '4750'"
    types = (
        f"hex(substr({wkb}, 2, 4)) NOT IN ({_uint32((simple, multi, simple + 1000, multi + 1000))})"
    )
    condition = f"NEW.geom IS NOT NULL AND ({header} OR {types})"
    if table is ROAD_SECTIONS:
        several = (
            f"hex(substr({wkb}, 2, 4)) IN ({_uint32((multi, multi + 1000))})"
            f" AND hex(substr({wkb}, 6, 4)) NOT IN ({_uint32((1,))})"
        )
        condition = f"NEW.geom IS NULL OR {condition} OR ({several})"  # a section is one line
    return condition


def _uint32(numbers: tuple[int, ...]) -> str:
    """Return numbers as SQL texts of their four bytes in hex, in both byte orders."""
    orders: tuple[Literal["little", "big"], ...] = ("little", "big")
    return ", ".join(
        f"'{number.to_bytes(4, order).hex().upper()}'" for number in numbers for order in orders
    )


def create_tables() -> list[str]:
    """Return every statement of schema version 1 in order, after GDAL made the empty layers."""
    statements = [part for part in _STATE_DDL.split(";") if part.strip()]
    for table in TABLES:
        statements += table_ddl(table)
    for table in TABLES:
        statements += trigger_ddl(table)
    return statements
