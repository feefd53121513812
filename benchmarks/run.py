"""``make bench``: run the benchmarks, print their tables, and leave the figures in bench-out/.

make bench BENCH_ARGS="--size 100000"
make bench BENCH_ARGS="--only city --size 8000"
"""

from __future__ import annotations

import argparse
import json
import os
import platform
from importlib.metadata import version
from pathlib import Path

import bench_accuracy
import bench_check
import bench_city
import bench_detect
import bench_extents
import bench_pairs
import bench_plan
import bench_tiles
import shapely

BENCHMARKS = {
    "pairs": bench_pairs.run,
    "city": bench_city.run,
    "detect": bench_detect.run,
    "extents": bench_extents.run,
    "accuracy": bench_accuracy.run,
    "check": bench_check.run,
    "tiles": bench_tiles.run,
    "plan": bench_plan.run,
}
SIZES = {
    "pairs": [100_000, 1_000_000],
    "city": bench_city.SIZES,
    "detect": bench_detect.SIZES,
    "extents": bench_extents.SIZES,
    "accuracy": bench_accuracy.SIZES,
    "check": bench_check.SIZES,
    "tiles": bench_tiles.SIZES,
    "plan": bench_plan.SIZES,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--size",
        type=int,
        action="append",
        help=f"footprints, projects of a city, rows of extents, or cases per family (default {SIZES})",
    )
    parser.add_argument(
        "--only", choices=BENCHMARKS, action="append", help="default: all, or pairs with --size"
    )
    parser.add_argument("--out", type=Path, default=Path("bench-out"))
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    # One size means different things to them: without --only it is footprints, as ever.
    for name in options.only or (["pairs"] if options.size else BENCHMARKS):
        rows = BENCHMARKS[name](options.size or SIZES[name])
        document = {
            "benchmark": name,
            "processors": os.cpu_count(),
            "python": platform.python_version(),
            "geos": ".".join(map(str, shapely.geos_version)),
            "packages": {p: version(p) for p in ("numpy", "shapely", "geopandas", "rtree")},
            "rows": rows,
        }
        file = options.out / f"{name}.json"
        file.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
        print(f"\n{file}")


if __name__ == "__main__":
    main()
