"""Extents in words: rows per second read and located on a grid the size of a city.

Each case runs in a process of its own. All rows distinct is the worst case; in real lists most
texts come back. Seconds are those of the processor, which other work on the machine disturbs least;
memory is the peak of the process.
"""

from __future__ import annotations

import json
import random
import resource
import subprocess
import sys
import time

import geopandas as gpd
import pandas as pd
import shapely

from coordination.extents.grammar import parse_column
from coordination.extents.located import Gazetteer
from coordination.extents.resolve import locate
from geo.road_network import build_network

STREETS = 65
SIZES = [2_000]
REPEATED = 10
"""How often a text comes back in the case of real lists."""


def name(street: int) -> str:
    """Return a name of two letters, unlike most others."""
    return f"{chr(0x4E10 + 7 * street)}{chr(0x6C40 + 11 * street)}路"


def city() -> Gazetteer:
    """Return a grid of 65 by 65 streets, some 8,400 sections."""
    far = STREETS * 200.0
    lines = [
        shapely.LineString([(-100, at * 200.0), (far, at * 200.0)]) for at in range(STREETS)
    ] + [shapely.LineString([(at * 200.0, -100), (at * 200.0, far)]) for at in range(STREETS)]
    table = {
        "source_id": [f"w{at}" for at in range(len(lines))],
        "road": [name(at) for at in range(len(lines))],
        "road_class": "local",
        "width_m": 10.0,
        "oneway": False,
        "level": 0,
    }
    roads = gpd.GeoDataFrame(table, geometry=lines, crs=4549)
    return Gazetteer(build_network(roads, width_m={"local": 10.0}, corner_radius_m=8.0))


def texts(size: int, repeated: int) -> list[str]:
    """Return stretches of the grid in words, each `repeated` times."""
    draw = random.Random(0)
    found: set[str] = set()
    while len(found) < size // repeated:
        road, one, two = draw.randrange(STREETS), *draw.sample(range(STREETS, 2 * STREETS), 2)
        found.add(f"{name(road)}（{name(one)}—{name(two)}）")
    rows = sorted(found) * repeated
    draw.shuffle(rows)
    return rows


def run(sizes: list[int]) -> list[dict[str, float | int | str]]:
    """Run both cases at all sizes, print a table, and return its rows."""
    rows: list[dict[str, float | int | str]] = []
    for size in sizes:
        for case, repeated in (("all distinct", 1), (f"each {REPEATED} times", REPEATED)):
            answer = subprocess.run(
                [sys.executable, __file__, str(size), str(repeated)],
                check=True, capture_output=True, text=True,
            )  # fmt: skip
            rows.append({"size": size, "case": case, **json.loads(answer.stdout)})
    print("\nExtents in words, on a grid the size of a city")
    print(pd.DataFrame(rows).to_string(index=False, float_format="{:,.1f}".format))
    return rows


def _contend(size: int, repeated: int) -> None:
    gazetteer = city()
    cells = texts(size, repeated)
    begun = time.process_time()
    parsed = parse_column(cells)
    read = time.process_time()
    places = locate(parsed, gazetteer)
    done = time.process_time()
    certain = sum(place.status == "located" for (place,) in places)
    # Kilobytes on Linux, bytes on macOS.
    unit = 1024.0**2 if sys.platform == "darwin" else 1024.0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit
    print(
        json.dumps(
            {
                "sections": len(gazetteer.network.sections),
                "read_per_s": size / (read - begun),
                "located_per_s": size / (done - read),
                "located": certain,
                "peak_mib": peak,
            }
        )
    )


if __name__ == "__main__":
    _contend(int(sys.argv[1]), int(sys.argv[2]))
