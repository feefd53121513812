"""保护区提示: a work digs within the protection zone of a metro, a trunk drain, a tree."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from coordination.assets import (
    assets_of,
    called,
    judged_works,
    near_part,
    owners,
    roads_of_works,
)
from coordination.rules.protocol import (
    Candidates,
    CannotRunError,
    Context,
    Reach,
    RuleWords,
    candidates,
)
from geo.nearby_pairs import nearby_pairs


@dataclass(frozen=True)
class ProtectionZone:
    """An unfinished work that digs lies within a distance of a protected asset.

    Kinds and distances are ``policy.protection.within_m``. A trenchless work counts with its whole
    footprint: it drills below the ground. One finding per project and asset: it names the nearest
    zone that the project enters, and its place is the ground within that zone. A notice.
    """

    code: str = "protection_zone"
    needs: tuple[str, ...] = ("assets",)
    yields_to: tuple[str, ...] = ()
    reach: Reach = "place"
    words: RuleWords | None = None

    def run(self, context: Context) -> Candidates:
        """Return projects and the protected assets that they come near.

        Raises
        ------
        CannotRunError
            Where no asset of these kinds was imported: ``assets_protected``.
        """
        zones = context.policy.protection.within_m
        assets = assets_of(context.city, zones)
        if not len(assets):
            raise CannotRunError("assets_protected")
        near = _near(context, assets, zones)
        works = context.works
        shapes = works.geometry.to_numpy()[near["left"].to_numpy()]
        others = assets.geometry.to_numpy()[near["asset"].to_numpy()]
        parts = near_part(shapes, others, near["zone_m"].to_numpy())
        near["area_m2"] = shapely.area(parts)
        # A zone that ends at the footprint's edge holds none of it: then the footprint is the place.
        parts = np.where(near["area_m2"] > 0, parts, shapes)
        near["geometry"] = pd.Series(parts, index=near.index, dtype="object")
        near["code_left"] = works["code"].to_numpy(dtype=object)[near["left"].to_numpy()]
        pair = ["code_left", "asset"]
        # The nearest zone of all sites is the project's; sites that only reach a wider one are left.
        near = near[near["zone_m"] == near.groupby(pair)["zone_m"].transform("min")]
        near = near.sort_values([*pair, "distance_m", "left"], ignore_index=True)
        near["area_m2"] = near.groupby(pair)["area_m2"].transform("sum")
        place, road = roads_of_works(context)
        nearest = near.groupby(pair)["left"].transform("first").to_numpy()
        row = near["asset"].to_numpy()
        names, units = called(assets), owners(assets)
        facts: list[dict[str, object]] = [
            {
                "asset": names[at],
                "owner": units[at],
                "zone_m": f"{zone_m:g}",
                "area_m2": f"{area_m2:.0f}",
            }
            for at, zone_m, area_m2 in zip(row, near["zone_m"], near["area_m2"], strict=True)
        ]
        return candidates(
            near.assign(
                code_right=assets["asset_id"].to_numpy(dtype=object)[row],
                kind_right="asset",
                place=place[nearest],
                road=road[nearest],
                variant=np.where(near["distance_m"] > 0, "near", "inside"),
                facts=pd.Series(facts, index=near.index, dtype="object"),
            )
        )


def _near(
    context: Context, assets: gpd.GeoDataFrame, zones: Mapping[str, tuple[float, ...]]
) -> pd.DataFrame:
    """Return ``left`` (work), ``asset`` (row), ``distance_m`` and the nearest zone ``zone_m``."""
    works = context.works
    shapes, others = works.geometry.to_numpy(), assets.geometry.to_numpy()
    here = np.flatnonzero(judged_works(context) & works["digs"].to_numpy(dtype=bool))
    parts = []
    for kind, distances in zones.items():
        limits = np.sort(np.asarray(distances, dtype=np.float64))
        own = np.flatnonzero(assets["kind"].eq(kind))
        left, asset = nearby_pairs(shapes[here], others[own], within_m=float(limits[-1]))
        left, asset = here[left], own[asset]
        distance_m = shapely.distance(shapes[left], others[asset])
        zone_m = limits[np.minimum(np.searchsorted(limits, distance_m), len(limits) - 1)]
        parts.append(
            pd.DataFrame({"left": left, "asset": asset, "distance_m": distance_m, "zone_m": zone_m})
        )
    return pd.concat(parts, ignore_index=True)
