"""The part of a city on which the findings of some projects rest."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from coordination.city import City
from coordination.policy import Policy
from geo.nearby_pairs import nearby_pairs

BESIDE_M = 60.0
"""What covers the same metres of a section lies at most a road's width apart."""


def reach_m(policy: Policy) -> float:
    """Return how far from a work the works lie that a rule of reach ``place`` may pair with it, m.

    Examples
    --------
    >>> reach_m(Policy())
    110.0
    """
    near_m = (
        policy.opportunity_m, 2 * policy.buffer_m, 2 * policy.buffer_impact_m,
        2 * policy.partner.within_m,
    )  # fmt: skip
    return max(near_m) + BESIDE_M


def neighbourhood(
    city: City,
    codes: Collection[str],
    policy: Policy,
    *,
    shapes: npt.NDArray[np.object_] | None = None,
) -> City:
    """Return the city of some projects and all that their findings rest on.

    Detection over it finds the same of these projects as over the whole city, by every rule whose
    reach is ``place``; of the others it holds it may find too little or too much. The id of a case
    off the roads, which hangs together step by step, may differ too.

    Parameters
    ----------
    city
        The tables.
    codes
        The projects that are asked about.
    policy
        Distances.
    shapes
        Further places around which everything is wanted, shape (n,), m.

    Returns
    -------
    City
        Their sites, every site within `reach_m`, all other sites of those neighbours (a project
        is judged as a whole), whatever bears the same external number as one of ``codes``, past
        works within `reach_m`, and the rows of every project that depends on another. Network,
        restrictions, boundaries, assets, bundles and answers stay whole.
    """
    asked = set(codes)
    projects, sites = city.projects, city.sites
    own = sites["project_code"].isin(asked).to_numpy(dtype=bool)
    footprints = sites.geometry.to_numpy()
    places = footprints[own]
    if shapes is not None:
        places = np.concatenate([places, shapes])
    _, near = nearby_pairs(places, footprints, within_m=reach_m(policy))
    kept_codes = asked | set(sites["project_code"].to_numpy()[np.unique(near)])
    numbers = set(projects.loc[projects["code"].isin(asked), "external_id"].dropna())
    numbered = projects.loc[projects["external_id"].isin(numbers), "code"] if numbers else ()
    kept_codes |= set(numbered)
    stays = projects["code"].isin(kept_codes) | projects["depends_on"].notna()
    return replace(
        city,
        projects=projects[stays].reset_index(drop=True),
        sites=_rows(sites, sites["project_code"].isin(kept_codes)),
        ledger=_ledger(city, places, kept_codes, policy),
        permits=city.has_permits(),
    )


def _ledger(
    city: City, shapes: npt.NDArray[np.object_], codes: Collection[str], policy: Policy
) -> gpd.GeoDataFrame | None:
    """Return past works near the shapes, and those that the projects completed themselves."""
    ledger = city.ledger
    if ledger is None or not len(ledger):
        return ledger
    _, near = nearby_pairs(shapes, ledger.geometry.to_numpy(), within_m=reach_m(policy))
    kept = pd.Series(data=False, index=ledger.index)
    kept.iloc[np.unique(near)] = True
    return _rows(ledger, kept | ledger["source"].isin(codes))


def _rows(table: gpd.GeoDataFrame, kept: pd.Series[bool]) -> gpd.GeoDataFrame:
    part: gpd.GeoDataFrame = table.loc[kept.to_numpy(dtype=bool)].reset_index(drop=True)
    return part
