"""The savings ledger of a store: the use case behind ``digonce savings`` and ``/api/v1/savings``."""

from __future__ import annotations

from typing import Any

import pandas as pd

from api.provenance import SOFTWARE_VERSION
from coordination.policy import Policy
from coordination.savings_ledger import savings_ledger
from data.store import Store


def savings_document(store: Store, policy: Policy) -> dict[str, Any]:
    """Return what accepted bundles were to save and what they saved, for machines.

    Amounts are in 10,000 yuan; what is not known yet is None.
    """
    city = store.read_city()
    told = savings_ledger(city, store.accepted_bundles(), policy)
    return {
        "data_revision": city.data_revision,
        "policy_version": policy.version,
        "software_version": SOFTWARE_VERSION,
        "totals": told.totals(),
        "bundles": [{**row, "codes": str(row["codes"]).split()} for row in _rows(told.bundles)],
        "by": {name: _rows(table) for name, table in told.groups.items()},
    }


def _rows(table: pd.DataFrame) -> list[dict[str, Any]]:
    return [
        {str(name): None if pd.isna(value) else value for name, value in row.items()}
        for row in table.to_dict("records")
    ]
