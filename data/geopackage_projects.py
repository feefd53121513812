"""Projects with their sites and filings, as they stand in a store."""

# ruff: noqa: S608 - names of tables and columns are our own constants; values are bound

from __future__ import annotations

import json
from collections.abc import Sequence

from data import geopackage_schema as schema
from data.geopackage_rows import Row
from data.geopackage_schema import Table
from data.geopackage_writer import Writer, document_of, name_list

PLAIN_PROJECT = schema.PROJECTS.columns[:-1]
"""All columns of a project but the revision."""


def stored_projects(writer: Writer, codes: Sequence[str]) -> dict[str, Row]:
    """Return the rows of those projects that are stored, by code."""
    cursor = writer.connection.execute(
        f"SELECT {name_list(PLAIN_PROJECT)} FROM projects"
        " WHERE code IN (SELECT value FROM json_each(?))",
        (json.dumps(codes),),
    )
    return {row[0]: row for row in cursor}


def stored_children(writer: Writer, table: Table, codes: Sequence[str]) -> dict[str, list[Row]]:
    """Return the sites or filings of projects, by code, in order; in a layer the blob comes last."""
    names = name_list(table.columns) + (", geom" if table.geometry else "")
    cursor = writer.connection.execute(
        f"SELECT {names} FROM {table.name}"
        " WHERE project_code IN (SELECT value FROM json_each(?)) ORDER BY fid",
        (json.dumps(codes),),
    )
    children: dict[str, list[Row]] = {code: [] for code in codes}
    for row in cursor:
        children[row[0]].append(row)
    return children


def project_documents(writer: Writer, codes: Sequence[str]) -> dict[str, dict[str, object]]:
    """Return the stored projects as the log keeps them, by code."""
    rows = stored_projects(writer, codes)
    sites = stored_children(writer, schema.SITES, list(rows))
    filings = stored_children(writer, schema.FILINGS, list(rows))
    return {
        code: project_document(row, sites[code], filings[code]) or {} for code, row in rows.items()
    }


def project_document(
    row: Row | None, sites: Sequence[Row], filings: Sequence[Row]
) -> dict[str, object] | None:
    """Return a project with its sites and filings as the log keeps it."""
    if row is None:
        return None
    document = document_of(schema.PROJECTS, row)
    document["sites"] = [document_of(schema.SITES, site) for site in sites]
    document["filings"] = [
        {
            name: value.hex() if isinstance(value, bytes) else value
            for name, value in document_of(schema.FILINGS, filing).items()
        }
        for filing in filings
    ]
    return document
