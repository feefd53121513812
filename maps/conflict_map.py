"""The conflict map: findings, works and hot spots of a city in one file that needs no network."""

from __future__ import annotations

from dataclasses import asdict

import geopandas as gpd
import numpy as np
import shapely

from coordination import wording
from coordination.audience import ANYBODY, Audience, for_audience
from coordination.city import City
from coordination.figures import cases
from coordination.findings import SEVERITIES, Findings, Provenance, rule_labels
from coordination.policy import Policy
from coordination.projects import SECTORS, STAGES
from maps import layers, offline
from maps.compact import PER_DEGREE, lon_lat

STYLES = ("conflict_map.css",)
SCRIPTS = (
    "decode.js",
    "words.js",
    "sheet.js",
    "paint.js",
    "popups.js",
    "period.js",
    "panels.js",
    "conflict_map.js",
)
_SHARED = (
    *(f"labels.{kind}" for kind in ("rule", "severity", "status", "stage", "sector", "method")),
    *(f"report.{kind}" for kind in ("finding", "step", "missing", "provenance", "confidential")),
)
"""Words that labels and report have already; in the page ``labels.rule.x`` is ``rule.x``."""


def conflict_map(
    city: City,
    findings: Findings,
    *,
    provenance: Provenance,
    lang: str = "zh",
    tiles: str | None = None,
    audience: Audience = ANYBODY,
    policy: Policy | None = None,
) -> str:
    """Return the conflict map as one HTML page that opens with no network at all.

    Parameters
    ----------
    city
        Projects, sites and, where there is one, the road network that becomes the base.
    findings
        What detection found in this city.
    provenance
        Stands in the head of the page.
    lang
        Language at opening, ``zh`` or ``en``; the page switches between both.
    tiles
        URL template of a tile layer, for those who have one: the only address in the page.
    audience
        Who reads the page: decides which confidential projects it may name.
    policy
        Its restricted periods are shown beside the imported ones.

    Returns
    -------
    str
        The page. Equal input gives equal text apart from `Provenance.run_at`.

    Notes
    -----
    Contacts are left out; a confidential project that the audience may not see is "someone, this
    quarter, this road".
    """
    page = offline.offline_map(
        title=wording.text("map.title", lang),
        lang=lang,
        tiles=tiles,
        styles=STYLES,
        scripts=SCRIPTS,
    )
    shown = for_audience(city, findings, audience)
    data = conflict_data(*shown, provenance=provenance, lang=lang, policy=policy or Policy())
    offline.PageData(data, panels="conflict_map.html", start="start").add_to(page)
    return offline.render(page)


def conflict_data(
    city: City, findings: Findings, *, provenance: Provenance, lang: str, policy: Policy
) -> dict[str, object]:
    """Return everything the page shows, as columns (see `maps.layers`)."""
    bounds = bounds_of(city)
    listed = cases(findings)
    origin = (
        round((bounds[0] + bounds[2]) / 2 * PER_DEGREE),
        round((bounds[1] + bounds[3]) / 2 * PER_DEGREE),
    )
    as_of_day = int(findings.as_of.astype("datetime64[D]").astype(np.int64))
    return {
        "lang": lang,
        "words": {name: _words(name, findings) for name in wording.LANGUAGES},
        "provenance": asdict(provenance),
        "as_of_day": as_of_day,
        "origin": list(origin),
        "bounds": [round(float(edge), 6) for edge in bounds],
        "sectors": list(SECTORS),
        "stages": list(STAGES),
        "severities": list(SEVERITIES),
        "rules": layers.rules_panel(findings.rules_run),
        "roads": layers.roads_layer(city.network, origin),
        "boundaries": layers.boundaries_layer(city.boundaries, origin),
        "restrictions": layers.restrictions_layer(city, policy.restricted, as_of_day, origin),
        "assets": layers.assets_layer(city.assets, origin),
        "projects": layers.projects_layer(city),
        "sites": layers.sites_layer(city, origin),
        "veiled": layers.veiled_layer(city),
        "cases": layers.cases_layer(listed),
        "findings": layers.findings_layer(city, findings, listed, origin),
        "spans": layers.spans_layer(findings),
        "hotspots": layers.hotspots_layer(city, findings, origin),
    }


def _words(lang: str, findings: Findings) -> dict[str, str]:
    """Return the page's own words, and those that it shares with the report, in one language."""
    shared = {f"{key.rpartition('.')[2]}.{code}": words for key in _SHARED
              for code, words in wording.table(key, lang).items()}  # fmt: skip
    rules = {f"rule.{code}": label for code, label in rule_labels(findings.rules_run, lang).items()}
    return {**wording.table("map.page", lang), **shared, **rules}


def bounds_of(city: City) -> tuple[float, float, float, float]:
    """Return west, south, east, north of what the map is about: works first, else roads."""
    shapes = city.sites.geometry
    if shapes.isna().all() and city.network is not None:
        shapes = city.network.sections.geometry
    if shapes.isna().all():
        return (-180.0, -60.0, 180.0, 75.0)
    west, south, east, north = shapely.total_bounds(
        lon_lat(gpd.GeoSeries(shapes[shapes.notna()]))
    ).tolist()
    return (west, south, east, north)
