"""What changed in a store, from its log: the edit that incremental detection looks at."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd
import shapely

from coordination.city import City
from coordination.incremental import Edit
from coordination.projects import PROJECT_FIELDS, as_fields
from data.store import Change

FOLLOWING = (
    "findings", "decisions", "replies", "checks", "policies", "stage_events", "units", "towns",
)  # fmt: skip
"""Tables of the log on which no finding rests; the policy and the day are compared by themselves."""

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
        ``whole`` when anything but projects, sites and the ledger changed.
    """
    before: dict[str, dict[str, object] | None] = {}
    codes: set[str] = set()
    ledger_ids: set[str] = set()
    places: list[str] = []
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
        elif change.table not in FOLLOWING:
            whole |= not (change.table == "meta" and change.key in _SETTINGS)
        places += _places(change.before)
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
        whole=whole,
    )


def _places(document: dict[str, object] | None) -> list[str]:
    """Return the geometry (WKB as hex) of a logged row and of the sites below it."""
    if document is None:
        return []
    rows = [document]
    sites = document.get("sites")
    if isinstance(sites, list):
        rows += sites
    return [str(row["geometry"]) for row in rows if row.get("geometry")]
