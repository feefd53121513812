"""The tables of a store as this version reads and writes them: their columns once.

How they are made is frozen, step by step, in `data.migrations`; a test holds the two to each other.
Names and kinds are those of the domain and suit PostGIS as well.
"""

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
from data.geopackage_geometry import GeometryKind

SCHEMA_VERSION = 4
"""Version of the tables that this software reads and writes; see `data.migrations`."""

ColumnKind = Literal["text", "number", "integer", "date", "flag", "code", "json", "blob"]


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
        Column("place_confidence", "number"),
        *_texts("inferred confirmed"),
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
        Column("level", "integer"),
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
        Column("note"),
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
        *_texts("recurs town road_class works mode note exempt"),
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
    Column("utility"),
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
    (
        Column("rule"),
        Column("ran", "flag"),
        Column("missing"),
        Column("found", "integer"),
        *_texts("label_zh label_en"),
    ),
    ("rule",),
)
DECISIONS = Table(
    "decisions",
    (
        Column("finding_id"),
        Column("revision", "integer"),
        *_texts("actor at status note agreed_item deadline"),
        Column("state", "json"),
        Column("reason_code"),
        Column("seen_revision", "integer"),
        Column("policy_version"),
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
        Column("plan_year", "integer"),
        Column("gates"),
    ),
    ("project_code",),
    unique=False,
)
REPLIES = Table(
    "replies",
    (
        Column("finding_id"),
        Column("revision", "integer"),
        Column("seen_revision", "integer"),
        *_texts("actor at unit answer note"),
        Column("proposed_start", "date"),
        Column("proposed_finish", "date"),
    ),
    ("finding_id",),
    unique=False,
)
POLICIES = Table(
    "policies",
    (
        Column("version"),
        Column("revision", "integer"),
        *_texts("actor at toml settings"),
    ),
    ("version",),
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
SCENARIOS = Table(
    "scenarios",
    (
        *_texts("scenario_id name actor at"),
        Column("data_revision", "integer"),
        *_texts("policy_version software_version"),
        Column("as_of", "date"),
        Column("parent"),
        Column("wishes", "json"),
        Column("seed", "integer"),
        Column("reproducible", "flag"),
        Column("comparison", "json"),
    ),
    ("scenario_id",),
)
SCENARIO_SCHEDULES = Table(
    "scenario_schedules",
    (
        *_texts("scenario_id code unit"),
        *(Column(name, "date") for name in ("filed_start", "filed_finish", "start", "finish")),
        Column("moved_days", "integer"),
        Column("bundle_id"),
        Column("works_order", "integer"),
        *_texts("reason_zh reason_en"),
        Column("sites", "json"),
    ),
    ("scenario_id", "code"),
)
SCENARIO_BUNDLES = Table(
    "scenario_bundles",
    (
        *_texts("scenario_id bundle_id mode codes lead_unit partner_units roads"),
        Column("start", "date"),
        Column("finish", "date"),
        Column("length_m", "number"),
        Column("metres_saved", "number"),
        *(Column(f"saving_{level}_wan", "number") for level in ("low", "mid", "high")),
        *_texts("formula_zh formula_en members_zh members_en"),
    ),
    ("scenario_id", "bundle_id"),
)
PROPOSALS = Table(
    "proposals",
    (
        *_texts("proposal_id scenario_id bundle_id code unit"),
        Column("revision", "integer"),
        *_texts("actor at"),
        *(Column(name, "date") for name in ("filed_start", "filed_finish", "start", "finish")),
        Column("moved_days", "integer"),
        Column("sites", "json"),
        *_texts("reason_zh reason_en"),
        Column("deadline", "date"),
        *_texts("answer note answered_by answered_at"),
        Column("answered_revision", "integer"),
    ),
    ("proposal_id",),
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
ROAD_ALIASES = Table(
    "road_aliases",
    (
        *_texts("alias_id alias name"),
        Column("valid_from", "date"),
        Column("valid_to", "date"),
        Column("source"),
    ),
    ("alias_id",),
)
ANSWERS = Table(
    "answers",
    (*_texts("key kind subject answer label actor at"), Column("revision", "integer")),
    ("key",),
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
    STAGE_EVENTS, REPLIES, POLICIES, BUNDLE_MEMBERS, CHECKS, UNITS, TOWNS, ROAD_ALIASES, ANSWERS,
    SCENARIOS, SCENARIO_SCHEDULES, SCENARIO_BUNDLES, PROPOSALS, CHANGE_LOG,
)  # fmt: skip
LAYERS = tuple(table for table in TABLES if table.geometry is not None)


def quoted(name: str) -> str:
    """Return an SQL identifier; all names are our own, several are SQL words (start, before)."""
    return f'"{name}"'
