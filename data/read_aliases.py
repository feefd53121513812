"""Other and former names of roads, from a table."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from coordination.faults import Fault, InputRefusedError
from coordination.projects import Field
from data.column_mapping import ColumnMapping, load_mapping, match_columns
from data.field_values import read_fields
from data.read_layers import read_layer
from data.store import alias_id

_FIELDS = (
    Field("alias", "text", "site", "别名", "alias", ("曾用名", "旧名", "原名", "俗称", "other name")),
    Field("name", "text", "site", "道路名称", "road",
          ("名称", "路名", "现名", "正式名称", "标准名称", "name")),
    Field("valid_from", "date", "site", "启用日期", "valid from", ("起", "开始", "开始日期", "自")),
    Field("valid_to", "date", "site", "停用日期", "valid to", ("止", "结束", "结束日期", "至")),
)  # fmt: skip


@dataclass(frozen=True)
class ReadAliases:
    """Other names of roads as read.

    Attributes
    ----------
    aliases
        ``alias, name, valid_from, valid_to, source``; one row per row that can go in.
    rows
        ``row``, ``code`` (`data.store.alias_id`), ``outcome``: ``accepted`` or ``refused``.
    faults
        Everything that was found.
    """

    aliases: pd.DataFrame
    rows: pd.DataFrame
    faults: list[Fault]


def read_aliases(
    path: Path | str,
    *,
    mapping: ColumnMapping | Path | str | None = None,
    encoding: str | None = None,
    layer: str | None = None,
    time_zone: str | None = None,
) -> ReadAliases:
    """Read a table of aliases: which name stands for which road, and when it did.

    Parameters
    ----------
    path, mapping, encoding, layer, time_zone
        As `data.read_projects.read_projects`.

    Raises
    ------
    InputRefusedError
        When the file as a whole cannot be read or has no column of aliases.
    """
    if isinstance(mapping, Path | str):
        mapping = load_mapping(mapping)
    mapping = mapping or ColumnMapping()
    source = read_layer(
        path, layer=layer or mapping.layer, encoding=encoding or mapping.encoding, crs=mapping.crs,
        hints=mapping.hints,
    )  # fmt: skip
    attributes = pd.DataFrame(source.table).drop(columns="geometry", errors="ignore")
    names = [str(name) for name in attributes.columns]
    matched = match_columns(names, _FIELDS, mapping, truncated=source.format == "shapefile")
    if matched.faults:
        raise InputRefusedError(matched.faults, source=source.source)
    if not {"alias", "name"} <= matched.columns.keys():
        fault = Fault("alias_columns_missing", params={"columns": ", ".join(names)})
        raise InputRefusedError([fault], source=source.source)
    read = read_fields(
        attributes, matched, _FIELDS, mapping, numbers=source.numbers,
        time_zone=time_zone or "Asia/Shanghai",
    )  # fmt: skip
    table = read.table.assign(source=source.source)
    numbers = source.numbers
    blank = table[["alias", "name"]].isna().all(axis=1).to_numpy()
    table, numbers = table[~blank], numbers[~blank]
    codes = [
        alias_id(str(alias), str(name), None if pd.isna(day) else day.date())
        for alias, name, day in zip(table["alias"], table["name"], table["valid_from"], strict=True)
    ]
    faults = [*source.faults, *read.faults, *_faults(table, numbers, codes)]
    whole = any(fault.level == "refused" and fault.row is None for fault in faults)
    refused = whole | np.isin(
        numbers, [fault.row for fault in faults if fault.level == "refused" and fault.row]
    )
    return ReadAliases(
        table[~refused].reset_index(drop=True)[
            ["alias", "name", "valid_from", "valid_to", "source"]
        ],
        pd.DataFrame(
            {"row": numbers, "code": codes, "outcome": np.where(refused, "refused", "accepted")}
        ),
        sorted(faults, key=lambda fault: (fault.level != "refused", fault.row or 0)),
    )


def _faults(table: pd.DataFrame, numbers: np.ndarray, codes: list[str]) -> list[Fault]:
    """Return what is wrong with the rows, each by itself and among themselves."""
    lacking = table[["alias", "name"]].isna().any(axis=1).to_numpy()
    same = (table["alias"] == table["name"]).to_numpy(dtype=bool) & ~lacking
    twice = pd.Series(codes).duplicated().to_numpy() & ~lacking
    backwards = (table["valid_to"] < table["valid_from"]).to_numpy(dtype=bool)
    faults = [Fault("alias_incomplete", row=int(row)) for row in numbers[lacking]]
    faults += [
        Fault("alias_same", row=int(row), params={"name": str(name)})
        for row, name in zip(numbers[same], table["name"][same], strict=True)
    ]
    faults += [
        Fault("alias_twice", row=int(row), params={"alias": str(alias)})
        for row, alias in zip(numbers[twice], table["alias"][twice], strict=True)
    ]
    faults += [
        Fault("finish_before_start", row=int(row),
              params={"start": f"{first:%Y-%m-%d}", "finish": f"{last:%Y-%m-%d}"})
        for row, first, last in zip(
            numbers[backwards], table["valid_from"][backwards], table["valid_to"][backwards],
            strict=True,
        )
    ]  # fmt: skip
    return faults
