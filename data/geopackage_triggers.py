"""What happens when another program edits the file: it is logged, or refused.

A trigger on every table asks ``write_state.ours``. It is 1 only inside
our own write transaction (and falls back with it), so whatever another program does meets 0: on the
tables that people edit on a map the trigger logs the edit with the actor ``external`` and gives it a
revision, on all others it refuses the edit.
"""

# ruff: noqa: S608 - names of tables and columns are our own constants; values are bound

from __future__ import annotations

from typing import Literal

from data.geopackage_geometry import GeometryKind, sql_wkb
from data.geopackage_schema import CHANGE_LOG, PROJECTS, ROAD_SECTIONS, SITES, Table, quoted

_NOT_OURS = "(SELECT ours FROM write_state) = 0"


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
