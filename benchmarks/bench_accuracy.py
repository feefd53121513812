"""How many planted conflicts are found, and how much else: precision and recall per rule.

``make bench BENCH_ARGS="--only accuracy"``. Cases of every rule and their near misses
(`accuracy_cases`) are laid on irregular streets (`accuracy_network`), filed with some noise
(`accuracy_works`), and judged by the product. What must be found is worked out from the definitions
(`accuracy_truth`), so that everything that is found beyond it counts as a false alarm.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import accuracy_area_cases  # noqa: F401 - adds its families
import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from accuracy_cases import FAMILIES, FULL, LEFT, MIDDLE, RIGHT, Case, Family, work
from accuracy_network import METRIC_CRS, Streets, made_streets, real_streets
from accuracy_truth import SEVERITY, Area, Key, Truth, judge, judge_closures, key_of
from accuracy_works import AS_OF, NO_NOISE, Noise, Things, Work, as_city

from coordination import detect
from coordination.detection import RULE_CODES
from coordination.policy import Policy
from coordination.rule_policy import VolumePolicy
from data.read_roads import read_roads
from data.sample_works import KINDS, Places, middle_lines, strips
from geo.road_network import build_network

Row = dict[str, object]
SIZES = [4]
"""Cases of each family."""

SEED = 4
RULES = [rule for rule in RULE_CODES if any(one.rule == rule for one in FAMILIES)]


@dataclass
class World:
    """Cases laid on streets, and what must be found."""

    streets: Streets
    works: list[Work]
    areas: list[Area]
    truth: Truth
    planted: dict[Key, Case] = field(default_factory=dict)
    near: dict[Key, Case] = field(default_factory=dict)


def lay(
    cases: Sequence[Case], streets: Streets, rng: np.random.Generator, *, per_plot: int = 1
) -> World:
    """Lay cases on plots drawn at random, ``per_plot`` of them on each, or on headlands.

    Cases for which there is no headland left are left out.

    Raises
    ------
    ValueError
        When there are more cases than plots.
    """
    columns = ["road_class", "width_m"]
    where = pd.concat([streets.plots[columns], streets.headlands[columns]], ignore_index=True)
    half = where["width_m"].to_numpy() / 2
    free = rng.permutation(len(streets.plots))
    heads = streets.headlands.reset_index().groupby("headland")
    shores = {
        f"headland{links}": [part["index"].to_numpy() for _, part in heads if len(part) == links]
        for links in (2, 3)
    }
    works: list[Work] = []
    areas: list[Area] = []
    planted: dict[Key, Case] = {}
    near: dict[Key, Case] = {}
    laid = 0
    for number, case in enumerate(cases):
        if case.place.startswith("headland"):
            if not shores[case.place]:
                continue
            links = len(streets.plots) + shores[case.place].pop()
        elif case.place == "made" and streets.graph is None:
            continue
        else:
            if laid // per_plot >= len(free):
                raise ValueError(
                    f"{len(cases)} cases need more than the {len(free)} plots there are"
                )
            links = np.array([free[laid // per_plot]])
            laid += 1
        name = {one.code: f"C{number:04d}-{one.code}" for one in (*case.works, *case.areas)}
        here = [
            replace(
                one, code=name[one.code], plot=(plot := int(links[max(one.plot, 0)])),
                low_m=one.low_m * half[plot], high_m=one.high_m * half[plot],
            )
            for one in case.works
        ]  # fmt: skip
        works += here
        for one in case.areas:
            edge = 0.0 if one.kind in ("restriction", "zone") else here[0].high_m
            areas.append(
                replace(
                    one, code=name[one.code], plot=here[0].plot,
                    low_m=one.low_m + edge, high_m=one.high_m + edge,
                )
            )  # fmt: skip
        for claims, keys in ((case.planted, planted), (case.near, near)):
            for rule, a, b in claims:
                keys[key_of(rule, name[a], name.get(b, ""))] = case
    truth = judge(works, areas, where["road_class"].tolist())
    if streets.graph is not None:
        lines = [*streets.plots["line"], *streets.headlands["line"]]
        judge_closures(truth, works, lines, streets.graph)
    return World(streets, works, areas, truth, planted, near)


def things_of(world: World) -> tuple[Things, VolumePolicy]:
    """Return restrictions, boundaries and assets as they are imported, and the caps of the zones."""
    table = pd.concat(
        [frame[["geometry", "at_m"]] for frame in (world.streets.plots, world.streets.headlands)],
        ignore_index=True,
    )
    run = np.array([area.plot for area in world.areas], dtype=np.int64)
    at = table["at_m"].to_numpy()[run]

    def column(name: str) -> np.ndarray:
        return np.array([getattr(area, name) for area in world.areas], dtype=float)

    place = Places(
        run, at + column("from_m"), at + column("to_m"), column("low_m"), column("high_m")
    )
    lines = table["geometry"].to_numpy()
    wide = place.high_m > place.low_m
    shapes = middle_lines(lines, place)
    shapes[wide] = shapely.make_valid(strips(lines, place.where(wide)))
    rows = pd.DataFrame(
        {
            "id": [area.code for area in world.areas],
            "kind": [area.kind for area in world.areas],
            "start": pd.to_datetime([area.start for area in world.areas]),
            "finish": pd.to_datetime([area.finish for area in world.areas]),
            "severity": [area.severity for area in world.areas],
        }
    )
    for name in ("restriction_id", "boundary_id", "asset_id", "name"):
        rows[name] = rows["id"]
    rows = rows.assign(
        level="zone", **dict.fromkeys(("road", "owner_unit", "value", "unit", "source"))
    )
    layer = gpd.GeoDataFrame(rows, geometry=shapes, crs=METRIC_CRS)
    zones, periods = layer["kind"].eq("zone"), layer["kind"].eq("restriction")
    caps = {area.code: area.cap_m for area in world.areas if area.kind == "zone"}
    period = ["restriction_id", "name", "kind", "start", "finish", "severity", "geometry"]
    zone = ["boundary_id", "name", "level", "geometry"]
    assets = layer[~zones & ~periods].rename(columns={"finish": "due"}).drop(columns="start")
    things = Things(
        restrictions=layer.loc[periods, period].reset_index(drop=True),
        boundaries=layer.loc[zones, zone].reset_index(drop=True),
        assets=assets.reset_index(drop=True),
    )
    return things, VolumePolicy(opened_m=caps)


def contradictions(world: World) -> list[str]:
    """Return cases whose claims are not what the definitions give: faults of this benchmark."""
    wrong = [f"not true: {key} {case.family}" for key, case in world.planted.items()
             if key not in world.truth.found or key in world.truth.arguable]  # fmt: skip
    wrong += [f"true: {key} {case.family}" for key, case in world.near.items()
              if key in world.truth.found or key in world.truth.arguable]  # fmt: skip
    return wrong


def found_in(world: World, noise: Noise, seed: int) -> dict[Key, int]:
    """Return what the product finds, with the severity of each."""
    things, volume = things_of(world)
    city = as_city(world.works, world.streets, things, noise=noise, seed=seed)
    table = detect(city, Policy(volume=volume), as_of=AS_OF).table
    found: dict[Key, int] = {}
    for rule, a, b, severity in table[["rule", "project_a", "project_b", "severity"]].itertuples(
        index=False
    ):
        key = key_of(rule, a, b if isinstance(b, str) else "")
        found[key] = max(found.get(key, 0), SEVERITY.index(severity))
    return found


def counts(world: World, found: dict[Key, int], rules: Iterable[str]) -> pd.DataFrame:
    """Return the counts of each rule; arguable keys count nowhere."""
    rows = []
    truth = world.truth
    for rule in rules:
        true = {key for key in truth.found if key[0] == rule and key not in truth.arguable}
        told = {key for key in found if key[0] == rule and key not in truth.arguable}
        hard = {key for key in true if key in world.planted and world.planted[key].hard}
        near = {key for key in world.near if key[0] == rule} - true - truth.arguable
        graded = {key for key in true & told if truth.found[key] is not None}
        rows.append(
            {
                "rule": rule,
                "due": len(true),
                "planted": len(true & world.planted.keys()),
                "found": len(true & told),
                "missed": len(true - told),
                "hard": len(hard),
                "hard_found": len(hard & told),
                "false": len(told - true),
                "near": len(near),
                "near_found": len(near & told),
                "graded": len(graded),
                "graded_right": sum(found[key] == truth.found[key] for key in graded),
            }
        )
    return pd.DataFrame(rows)


def shares(counted: pd.DataFrame) -> list[Row]:
    """Return one row per rule: its counts over all worlds, precision, recall, share graded right."""
    table = counted.groupby("rule", sort=False).sum()
    clear, clear_found = table["due"] - table["hard"], table["found"] - table["hard_found"]
    table["precision"] = table["found"] / (table["found"] + table["false"])
    table["recall"] = table["found"] / table["due"]
    table["recall_clear"] = clear_found / clear
    table["severity"] = table["graded_right"] / table["graded"]
    return [dict(row) for row in table.round(4).reset_index().to_dict("records")]


def draw_cases(
    per_family: int, rng: np.random.Generator, families: Sequence[Family] = FAMILIES
) -> list[Case]:
    """Return so many cases of each family, mixed."""
    cases = [one.case(rng) for one in families for _ in range(per_family)]
    return [cases[k] for k in rng.permutation(len(cases))]


def background(count: int, rng: np.random.Generator, *, history: float = 0.0) -> list[Case]:
    """Return random works of one project each: everyday filings that claim nothing."""
    kinds = list(KINDS)
    share = np.array([kind.share for kind in KINDS.values()])
    cases = []
    for kind in rng.choice(len(kinds), count, p=share / share.sum()):
        from_m = float(rng.uniform(-60, 20))
        begin = int(rng.integers(-400, 600))
        past = bool(rng.random() < history)
        begin = begin - 900 if past else begin
        last = begin + int(rng.integers(8, 90))
        stage = "completed" if last < 0 else "in_progress" if begin <= 0 else "annual_plan"
        across = (FULL, FULL, LEFT, RIGHT, MIDDLE)[int(rng.integers(5))]
        one = work(
            kinds[kind], (from_m, min(from_m + rng.uniform(25, 120), 60.0)), across, (begin, last),
            unit=int(rng.random() < 0.25), stage=stage, history=past, code="x",
            impact=str(rng.choice(["none", "footway", "lane", "half"])),
            funding=str(rng.choice(["区级财政", "镇级财政"], p=[0.8, 0.2])),
        )  # fmt: skip
        if not (past and one.get("method") == "none"):
            cases.append(Case("", "background", (one,)))
    return cases


def sparse(per_family: int, streets: Streets, rng: np.random.Generator) -> World:
    """Each case by itself."""
    return lay(draw_cases(per_family, rng), streets, rng)


def city(per_family: int, streets: Streets, rng: np.random.Generator) -> World:
    """As many random works again, each on a plot of its own: they conflict with nothing."""
    cases = draw_cases(per_family, rng)
    return lay([*cases, *background(len(cases), rng, history=0.2)], streets, rng)


def dense(per_family: int, streets: Streets, rng: np.random.Generator) -> World:
    """Cases and random works on top of each other: 2.7 projects on a stretch that is shared at all."""
    cases = draw_cases(per_family, rng)
    more = background(2 * len(cases), rng, history=0.1)
    mixed = [one for three in zip(cases, more[::2], more[1::2], strict=False) for one in three]
    return lay(mixed, streets, rng, per_plot=3)


def projects_per_stretch(world: World) -> float:
    """Return how many projects lie on a metre of road on which there is more than one."""
    metres = np.zeros(40)
    by_plot: dict[int, list[Work]] = {}
    for one in world.works:
        by_plot.setdefault(one.plot, []).append(one)
    for here in by_plot.values():
        for at_m in np.arange(-60.0, 60.0, 5.0):
            metres[len({w.code for w in here if w.from_m <= at_m < w.to_m})] += 5.0
    number = np.arange(len(metres))
    return float((metres * number)[2:].sum() / max(metres[2:].sum(), 1.0))


NOISES = (
    NO_NOISE, Noise(metres=1), Noise(metres=2), Noise(metres=5), Noise(width_share=0.3),
    Noise(days=7), Noise(days=30), Noise(months=True),
)  # fmt: skip


def settings(per_family: int) -> Iterator[tuple[str, str, list[World], tuple[Noise, ...]]]:
    """Yield name of the streets, density, worlds and the noises to try on them."""
    rng = np.random.default_rng(SEED)
    streets = made_streets(_side(per_family), rng)
    some = (NO_NOISE, Noise(metres=2, days=7))
    for density in (sparse, city, dense):
        world = density(per_family, streets, rng)
        yield "made", density.__name__, [world], NOISES if density is city else some
    for name, file in REAL_STREETS.items():
        real = _real(file)
        if real is not None:
            # The network may hold fewer cases than there are families: some at a time.
            cases = draw_cases(1, rng)
            parts = [cases[k : k + len(real.plots)] for k in range(0, len(cases), len(real.plots))]
            worlds = [lay(part, real, rng) for part in parts]
            yield name, "sparse", worlds, (NO_NOISE, Noise(metres=2))


REAL_STREETS = {
    "Jing'an": "shanghai_jingan_osm/edges.geojson",
    "Jiading": "shanghai_jiading_osm_roads/ways.geojson",
}


def _side(per_family: int) -> int:
    """Return how many junctions a side carry twice as many cases as are drawn, three in five used."""
    return max(8, int(np.sqrt(2 * per_family * len(FAMILIES) / 1.5)) + 2)


def _real(name: str) -> Streets | None:
    """Return real streets where the folder of real data is there."""
    root = Path(__file__).resolve().parent.parent
    folder = Path(os.environ.get("DIGONCE_TEST_DATA", root.parent / "shared" / "data"))
    if not (folder / name).exists():
        return None
    policy = Policy()
    roads = read_roads(folder / name)
    return real_streets(
        build_network(
            roads.centre_lines,
            width_m=policy.network.width_m,
            corner_radius_m=policy.network.corner_radius_m,
        )
    )


def run(sizes: list[int]) -> list[Row]:
    """Measure at these numbers of cases per family and print the tables.

    Returns
    -------
    list of dict
        One row per streets, density, noise and rule.
    """
    rows: list[Row] = []
    for per_family in sizes:
        for streets, density, worlds, noises in settings(per_family):
            print(
                f"{streets}, {density}: {sum(len(world.works) for world in worlds)} works, "
                f"{projects_per_stretch(worlds[0]):.1f} projects per shared stretch, "
                f"{sum(len(world.truth.found) for world in worlds)} findings due, "
                f"{sum(len(world.truth.arguable) for world in worlds)} arguable",
                flush=True,
            )
            for noise in noises:
                counted = [counts(world, found_in(world, noise, SEED), RULES) for world in worlds]
                setting = {"streets": streets, "density": density, "noise": noise.name}
                rows += [setting | row for row in shares(pd.concat(counted))]
    print_tables(rows)
    return rows


def print_tables(rows: list[Row]) -> None:
    """Print precision, recall and counts, rule by rule, for each setting."""
    table = pd.DataFrame(rows)
    columns = ["rule", "due", "found", "missed", "false", "near", "near_found", "precision", "recall",
               "recall_clear", "severity"]  # fmt: skip
    for names, part in table.groupby(["streets", "density", "noise"], sort=False):
        print("\n" + ", ".join(names))
        print(part[columns].to_string(index=False))


def why(world: World, found: dict[Key, int]) -> list[str]:
    """Return what was missed, false or graded otherwise, with the family: for whoever looks."""
    family_of: dict[str, str] = {}
    for key, case in {**world.planted, **world.near}.items():
        for code in key[1:]:
            family_of[code[:5]] = case.family

    def lines(name: str, keys: Iterable[Key]) -> list[str]:
        return [
            f"{name} {key} due {world.truth.found.get(key)} found {found.get(key)}"
            f" {family_of.get(key[1][:5])} | {family_of.get(key[2][:5])}"
            for key in sorted(keys)
            if key not in world.truth.arguable
        ]

    due = world.truth.found
    graded = [key for key in due.keys() & found.keys() if due[key] not in (None, found[key])]
    return [
        *lines("missed", due.keys() - found.keys()),
        *lines("false", found.keys() - due.keys()),
        *lines("severity", graded),
    ]


if __name__ == "__main__":
    for streets, density, worlds, _ in settings(int(sys.argv[1]) if len(sys.argv) > 1 else 2):
        for world in worlds:
            lines = contradictions(world) if density != "dense" else []
            lines += why(world, found_in(world, NO_NOISE, SEED))
            if lines:
                print(streets, density, *lines, sep="\n")
