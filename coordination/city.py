"""Everything that detection looks at, in one frozen value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import geopandas as gpd
import pandas as pd
from pyproj import CRS

from geo.road_network import RoadNetwork


@dataclass(frozen=True)
class City:
    """The tables of one store at one revision.

    A table that was never imported is None: a rule that needs it says that it could not run. An
    imported table without rows is an empty table: the rule runs and finds nothing.

    Attributes
    ----------
    crs
        The metric working CRS of every geometry below.
    projects
        One row per project, `coordination.projects.PROJECT_FIELDS`, ``code`` unique, RangeIndex;
        and ``revision``, the data revision that last changed the project.
    sites
        One row per site, ``project_code`` and `coordination.projects.SITE_FIELDS`, ``geometry`` the
        footprint (MultiPolygon, m; missing when the place is unknown), ``footprint_source``
        (``polygon``, ``line``, ``point``, ``text``, or missing), RangeIndex; and, where the reader
        had to find something out, ``place_confidence`` (0 to 1; missing where the place was
        drawn), ``inferred`` and ``confirmed``: names of the fields, joined by blanks, that
        the reader inferred and that a person confirmed (``geometry`` is the place).
    network
        The road network, or None.
    ledger
        Finished works: ``ledger_id, road, kind, surface, day, start, finish, sector, method,
        owner_unit, work_type, source, geometry`` (MultiPolygon), or None. ``kind`` is ``opening``
        or ``resurfacing``; ``day`` is the day from which the no-dig period runs.
    restrictions, boundaries, assets
        As imported, or None.
    aliases
        Other and former names of roads: ``alias, name`` (as in the network), ``valid_from``,
        ``valid_to`` (days, inclusive, missing for open), ``source``; or None.
    answers
        What people answered, by question key (`coordination.questions`).
    data_revision
        The store's revision that these tables show.
    permits
        In a part of a city, whether the whole has permits (`has_permits`); None: as its tables say.

    Examples
    --------
    >>> from coordination.projects import PROJECT_FIELDS, SITE_FIELDS, as_fields
    >>> none = pd.DataFrame()
    >>> city = City(CRS(4549), as_fields(none, PROJECT_FIELDS), gpd.GeoDataFrame(none))
    >>> city.network is None
    True
    """

    crs: CRS
    projects: pd.DataFrame
    sites: gpd.GeoDataFrame
    network: RoadNetwork | None = None
    ledger: gpd.GeoDataFrame | None = None
    restrictions: gpd.GeoDataFrame | None = None
    boundaries: gpd.GeoDataFrame | None = None
    assets: gpd.GeoDataFrame | None = None
    data_revision: int = 0
    bundles: pd.DataFrame = field(
        default_factory=lambda: pd.DataFrame(columns=["bundle_id", "code"])
    )
    aliases: pd.DataFrame | None = None
    answers: Mapping[str, str] = field(default_factory=dict)
    permits: bool | None = None

    def has_permits(self) -> bool:
        """Tell whether any project has a permit, or any site an actual day."""
        if self.permits is not None:
            return self.permits
        told = [
            table[name].notna().any()
            for table, names in ((self.projects, _PERMIT_DAYS), (self.sites, _ACTUAL_DAYS))
            for name in names
            if name in table
        ]
        area = self.projects.get("permit_area_m2")
        return any(told) or (area is not None and bool((area > 0).any()))


_PERMIT_DAYS = ("permit_start", "permit_finish")
_ACTUAL_DAYS = ("actual_start", "actual_finish")
