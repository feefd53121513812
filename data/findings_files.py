"""The files that detection leaves for others: ``findings.csv``, ``findings.geojson``, ``hotspots.csv``.

Every file says where its figures come from. In CSV the promised columns come first; behind them
stand what people call a restriction, asset or zone that ``project_b`` is the id of
(`coordination.partners.OTHER_COLUMNS`), and `PROVENANCE_COLUMNS` in every row, so that row 1 is a plain header for any reader;
GeoJSON has the top-level members ``provenance`` and ``rules_run``; ``provenance.json`` says the same
beside them, also when there are no rows.
"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import geopandas as gpd
import pandas as pd

from coordination.audience import COORDINATOR, Audience, for_audience
from coordination.city import City
from coordination.findings import (
    DETAIL_COLUMNS,
    FINDING_COLUMNS,
    HOTSPOT_COLUMNS,
    SPAN_COLUMNS,
    Findings,
    Provenance,
)
from coordination.partners import OTHER_COLUMNS, with_others
from data.write_layers import json_text, write_csv, write_geojson, write_whole

PROVENANCE_COLUMNS = ("data_revision", "policy_version", "software_version", "as_of", "run_at")
"""Behind the promised columns of each CSV; only ``run_at`` differs between runs on equal input."""

_FREE_TEXT = (
    "case_id", "project_a", "project_b", "place", "road", "section_id", "legal_basis", "reason_zh",
    "reason_en", "project_codes", "policy_version", *OTHER_COLUMNS,
)  # fmt: skip
_WHOLE = (
    "overlap_days", "overlap_days_certain", "gap_days", "openings_24m", "openings_60m",
    "shortest_gap_days",
)  # fmt: skip
_DIGITS = {
    "from_m": 2, "to_m": 2, "shared_length_m": 2, "shared_area_m2": 2, "distance_m": 2,
    "metres_opened": 2, "likelihood": 4, "impact_index": 2, "saving_low_wan": 4,
    "saving_mid_wan": 4, "saving_high_wan": 4,
}  # fmt: skip


def write_findings(
    folder: Path,
    findings: Findings,
    city: City,
    provenance: Provenance,
    *,
    audience: Audience = COORDINATOR,
) -> tuple[Path, ...]:
    """Write ``findings.csv``, ``findings.geojson``, ``hotspots.csv`` and ``provenance.json``.

    Each file replaces an older one as a whole. Apart from ``run_at`` equal input gives equal bytes.

    Parameters
    ----------
    folder
        Made when it is missing.
    findings
        Of one detection.
    city
        The city that they were found in (who may see what).
    provenance
        Where the figures come from.
    audience
        Who reads: others' confidential projects leave no more than a trace
        (`coordination.audience.for_audience`). The default sees everything.

    Returns
    -------
    tuple of pathlib.Path
        The four files, in the order named above.
    """
    seen, shown = for_audience(city, findings, audience)
    origin = asdict(provenance)
    rules_run = [run.document() for run in shown.rules_run]
    table = _rounded(with_others(seen, shown.table))
    columns = [*FINDING_COLUMNS, *DETAIL_COLUMNS, *OTHER_COLUMNS]
    layer = gpd.GeoDataFrame(
        table[columns].assign(spans=pd.Series(_spans_of(shown), index=table.index, dtype="object")),
        geometry=shown.table.geometry,
    )
    return (
        write_csv(
            folder / "findings.csv",
            _with_provenance(table[[*FINDING_COLUMNS, *OTHER_COLUMNS]], provenance),
            free_text=_FREE_TEXT,
        ),
        write_geojson(
            folder / "findings.geojson",
            layer,
            id_column="finding_id",
            members={"name": "findings", "provenance": origin, "rules_run": rules_run},
        ),
        write_csv(
            folder / "hotspots.csv",
            _with_provenance(_rounded(shown.hotspots)[list(HOTSPOT_COLUMNS)], provenance),
            free_text=_FREE_TEXT,
        ),
        write_whole(
            folder / "provenance.json",
            json_text({**origin, "rules_run": rules_run}) + "\n",
        ),
    )


def _rounded(rows: pd.DataFrame) -> pd.DataFrame:
    table = pd.DataFrame(rows).copy()
    for name in (name for name in _WHOLE if name in table):
        table[name] = table[name].astype("float64").round().astype("Int64")
    for name in (name for name in _DIGITS if name in table):
        # Adding zero turns -0.0 into 0.0.
        table[name] = table[name].astype("float64").round(_DIGITS[name]) + 0.0
    return table


def _with_provenance(rows: pd.DataFrame, provenance: Provenance) -> pd.DataFrame:
    origin = asdict(provenance)
    return rows.assign(**{name: origin[name] for name in PROVENANCE_COLUMNS})


def _spans_of(findings: Findings) -> list[list[dict[str, object]]]:
    """Return the places of each finding, as plain mappings, in the order of the table."""
    names = [name for name in SPAN_COLUMNS if name != "finding_id"]
    spans = _rounded(findings.spans)
    places: dict[str, list[dict[str, object]]] = {}
    for finding_id, *values in spans[["finding_id", *names]].itertuples(index=False, name=None):
        places.setdefault(finding_id, []).append(dict(zip(names, values, strict=True)))
    return [places.get(finding_id, []) for finding_id in findings.table["finding_id"]]
