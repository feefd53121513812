"""What changed in a store, from its log: the edit that incremental detection looks at."""

from __future__ import annotations

from collections.abc import Iterable

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from coordination.bundling import TRAFFIC_ONLY
from coordination.city import City
from coordination.incremental import Edit
from coordination.projects import PROJECT_FIELDS, SITE_FIELDS, as_fields
from data.store import Change

FOLLOWING = (
    "findings", "decisions", "replies", "checks", "policies", "stage_events", "units", "towns",
    "scenarios", "proposals",
)  # fmt: skip
"""Tables of the log on which no finding rests; the policy and the day are compared by themselves."""

_SITE_COLUMNS = (
    *(field.name for field in SITE_FIELDS), "project_code", "footprint_source",
)  # fmt: skip
_SETTINGS = ("as_of", "findings_run")


def edit_of(changes: Iterable[Change], city: City) -> Edit:
    """Return the edit that a part of the log tells.

    Parameters
    ----------
    changes
        The log since the findings were made, in order (`data.store.Store.changes`).
    city
        The city as it is now, or a little earlier: what the log tells beyond it does no harm.

    Returns
    -------
    coordination.incremental.Edit
        ``whole`` when anything but projects, sites, bundles and the ledger changed.
    """
    before: dict[str, dict[str, object] | None] = {}
    codes: set[str] = set()
    ledger_ids: set[str] = set()
    rows: list[dict[str, object]] = []
    places: list[str] = []
    packs: dict[str, dict[str, object]] = {}
    whole = False
    for change in changes:
        documents = [document for document in (change.before, change.after) if document]
        if change.table == "projects":
            codes.add(change.key)
            before.setdefault(change.key, change.before)
        elif change.table == "sites":
            codes |= {str(document.get("project_code", "")) for document in documents}
        elif change.table == "ledger":
            ledger_ids.add(change.key)
            codes |= {str(document["source"]) for document in documents if "source" in document}
        elif change.table == "bundles":
            packs.setdefault(change.key, change.before or {})
        elif change.table not in FOLLOWING:
            whole |= not (change.table == "meta" and change.key in _SETTINGS)
        if change.before is not None and change.table != "bundles":
            sites = _sites(change)
            rows += sites
            places += [
                str(row["geometry"]) for row in (change.before, *sites) if row.get("geometry")
            ]
    earlier = [row for row in before.values() if row is not None]
    stayed = city.projects[city.projects["code"].isin(codes - before.keys())]
    return Edit(
        codes=frozenset(codes),
        ledger_ids=frozenset(ledger_ids),
        shapes=np.asarray(shapely.from_wkb([bytes.fromhex(place) for place in places]), object),
        projects=pd.concat(
            [as_fields(pd.DataFrame(earlier), PROJECT_FIELDS), as_fields(stayed, PROJECT_FIELDS)],
            ignore_index=True,
        ),
        sites=_earlier_sites(rows, city, codes),
        bundles=_earlier_bundles(packs, city) if packs else None,
        whole=whole,
    )


def _earlier_bundles(packs: dict[str, dict[str, object]], city: City) -> pd.DataFrame:
    """Return the bundles as they were: those that changed with the members that they had."""
    rows = [
        (key, code)
        for key, document in packs.items()
        if document.get("mode") != TRAFFIC_ONLY
        for code in str(document.get("codes", "")).split()
    ]
    before = pd.DataFrame(rows, columns=["bundle_id", "code"], dtype="object")
    kept = city.bundles[~city.bundles["bundle_id"].isin(packs)]
    return pd.concat([kept, before], ignore_index=True)


def _sites(change: Change) -> list[dict[str, object]]:
    """Return the sites that a logged row held before, each with its project."""
    assert change.before is not None
    if change.table == "sites":
        return [change.before]
    sites = change.before.get("sites")
    if not isinstance(sites, list):
        return []
    return [{"project_code": change.key, **site} for site in sites]


def _earlier_sites(rows: list[dict[str, object]], city: City, codes: set[str]) -> gpd.GeoDataFrame:
    """Return logged sites, and those that edited projects have now: all that they ever had."""
    table = pd.DataFrame(rows, columns=[*_SITE_COLUMNS, "geometry"])
    shapes = shapely.from_wkb(
        [None if pd.isna(place) else bytes.fromhex(place) for place in table["geometry"]]
    )
    logged = as_fields(table, SITE_FIELDS).assign(
        project_code=table["project_code"], footprint_source=table["footprint_source"]
    )
    now = city.sites[city.sites["project_code"].isin(codes)]
    both = pd.concat(
        [logged, pd.DataFrame(as_fields(now, SITE_FIELDS)).assign(
            project_code=now["project_code"], footprint_source=now["footprint_source"]
        )],
        ignore_index=True,
    )  # fmt: skip
    return gpd.GeoDataFrame(
        both, geometry=np.concatenate([np.asarray(shapes, dtype=object), now.geometry.to_numpy()]),
        crs=city.crs,
    )  # fmt: skip
