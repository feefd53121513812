"""What must hold of every town: stretches of generated grids against what they are known to be."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import shapely
import shapely.affinity
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from coordination.extents.located import Gazetteer, Located
from coordination.extents.parsed import End, Extent, ParsedText
from coordination.extents.resolve import locate, questions
from geo.road_network import RoadNetwork, build_network

WIDTHS = {"expressway": 30.0, "arterial": 24.0, "secondary": 18.0, "local": 10.0}
FEW = settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.too_slow])
STEMS = "甲乙丙丁戊己庚辛壬癸子丑寅卯辰巳午未申酉"
EAST, NORTH = 620_000.0, 3_475_000.0


@dataclass(frozen=True)
class Town:
    """A grid: streets that run east at `rows`, streets that run north at `columns`."""

    rows: tuple[float, ...]
    columns: tuple[float, ...]
    divided: frozenset[int]

    def name(self, street: int) -> str:
        return f"{STEMS[street]}{'公路' if street % 3 == 0 else '路'}"

    def lines(self) -> gpd.GeoDataFrame:
        west, east = self.columns[0] - 150, self.columns[-1] + 150
        south, north = self.rows[0] - 150, self.rows[-1] + 150
        found = []
        for street, at in enumerate((*self.rows, *self.columns)):
            across = street >= len(self.rows)
            ends = [(at, south), (at, north)] if across else [(west, at), (east, at)]
            beside = (
                [(at + 20, north), (at + 20, south)]
                if across
                else [(east, at + 20), (west, at + 20)]
            )
            two = street in self.divided
            found.append((self.name(street), two, ends))
            found += [(self.name(street), True, beside)] if two else []
        table = {
            "source_id": [f"w{number:02d}" for number in range(len(found))],
            "road": [name for name, _, _ in found],
            "road_class": "local",
            "width_m": np.nan,
            "oneway": [two for _, two, _ in found],
            "level": 0,
        }
        xy = [np.add(points, (EAST, NORTH)) for _, _, points in found]
        return gpd.GeoDataFrame(table, geometry=[shapely.LineString(p) for p in xy], crs=4549)


@st.composite
def towns(draw: st.DrawFn) -> Town:
    steps = st.lists(st.integers(120, 400), min_size=2, max_size=3)
    rows = tuple(float(at) for at in np.cumsum(draw(steps)))
    columns = tuple(float(at) for at in np.cumsum(draw(steps)))
    count = len(rows) + len(columns)
    return Town(rows, columns, frozenset(draw(st.sets(st.integers(0, count - 1), max_size=3))))


def built(lines: gpd.GeoDataFrame) -> RoadNetwork:
    return build_network(lines, width_m=WIDTHS, corner_radius_m=8.0)


def every_stretch(town: Town) -> list[tuple[int, int, int]]:
    """Return all (street, from, to) of a town."""
    rows = range(len(town.rows))
    columns = range(len(town.rows), len(town.rows) + len(town.columns))
    return [
        (street, one, two)
        for streets, cross in ((rows, columns), (columns, rows))
        for street in streets
        for one in cross
        for two in cross
        if one != two
    ]


def found_in(
    town: Town, network: RoadNetwork, rename: dict[str, str] | None = None
) -> list[Located]:
    told = rename or {}

    def name(street: int) -> str:
        return told.get(town.name(street), town.name(street))

    texts = []
    for street, one, two in every_stretch(town):
        ends = (End("road", name(one)), End("road", name(two)))
        extent = Extent(f"{street} {one} {two}", "stretch", (name(street),), ends)
        texts.append(ParsedText(extent.text, (extent,)))
    return [found for (found,) in locate(texts, Gazetteer(network))]


def same(one: Located, two: Located, *, after: shapely.Geometry | None = None) -> bool:
    """Return whether two answers are one answer; ``after`` is the place of the first, moved."""
    if (one.status, one.confidence) != (two.status, two.confidence):
        return False
    if one.geometry is None or two.geometry is None:
        return one.geometry is two.geometry
    place = one.geometry if after is None else after
    return bool(place.normalize().hausdorff_distance(two.geometry.normalize()) < 0.01) and (
        abs(place.length - two.geometry.length) < 0.01
    )


@FEW
@given(towns())
def test_every_stretch_of_a_grid_is_the_one_that_lies_between_its_cross_streets(town: Town) -> None:
    network = built(town.lines())
    sections = network.sections
    middle = shapely.get_coordinates(
        shapely.line_interpolate_point(sections.geometry.to_numpy(), 0.5, normalized=True)
    ) - (EAST, NORTH)
    at = (*town.rows, *town.columns)
    for (street, one, two), found in zip(every_stretch(town), found_in(town, network), strict=True):
        low, high = sorted((at[one], at[two]))
        along = 0 if street < len(town.rows) else 1
        truth = sections[
            (sections["road"] == town.name(street))
            & (middle[:, along] > low)
            & (middle[:, along] < high + 20)
        ]
        # Between two neighbours 20 m of a divided cross street are its junction, not a section.
        truth = truth[truth.geometry.length > 25]
        assert found.status == "located", (street, one, two, found.reason.text("en"))
        assert found.confidence == 0.95
        assert found.geometry is not None
        shape = shapely.union_all(truth.geometry.to_numpy())
        assert shape.difference(found.geometry.buffer(0.01)).length < 0.1
        bounds = np.array(found.geometry.bounds).reshape(2, 2) - (EAST, NORTH)
        assert low <= bounds[0, along]
        assert bounds[1, along] <= high + 20
        carriageways = 2 if street in town.divided else 1
        assert len(found.geometry.geoms) == carriageways
        assert abs(found.geometry.length - carriageways * found.length_m) < 1.0
        first, last = found.geometry.geoms[0].coords[0], found.geometry.geoms[0].coords[-1]
        assert (last[along] > first[along]) == (at[two] > at[one])


@FEW
@given(towns(), st.randoms(use_true_random=False))
def test_an_answer_does_not_depend_on_rows_nor_on_how_lines_are_drawn(
    town: Town, random: object
) -> None:
    lines = town.lines()
    expected = found_in(town, built(lines))
    order = list(range(len(lines)))
    random.shuffle(order)  # type: ignore[attr-defined]
    shuffled = lines.iloc[order].reset_index(drop=True)
    free = ~shuffled["oneway"].to_numpy(dtype=bool)
    turned = np.where(
        free, shapely.reverse(shuffled.geometry.to_numpy()), shuffled.geometry.to_numpy()
    )
    found = found_in(town, built(shuffled.set_geometry(gpd.GeoSeries(turned, crs=4549))))
    assert all(same(one, two) for one, two in zip(expected, found, strict=True))


@FEW
@given(towns(), st.integers(-900, 900), st.integers(-900, 900))
def test_a_town_that_is_moved_or_turned_has_its_stretches_moved_or_turned(
    town: Town, dx: int, dy: int
) -> None:
    lines = town.lines()
    expected = found_in(town, built(lines))
    moved = found_in(town, built(lines.set_geometry(lines.translate(dx, dy))))
    turned = found_in(town, built(lines.set_geometry(lines.rotate(90, origin=(EAST, NORTH)))))
    for one, two, three in zip(expected, moved, turned, strict=True):
        assert one.geometry is not None
        assert same(one, two, after=shapely.affinity.translate(one.geometry, dx, dy))
        assert same(
            one, three, after=shapely.affinity.rotate(one.geometry, 90, origin=(EAST, NORTH))
        )


@FEW
@given(towns())
def test_names_are_only_names(town: Town) -> None:
    lines = town.lines()
    rename = {name: f"{ord(name[0]) * 7919 % 99991}号大道" for name in lines["road"].unique()}
    expected = found_in(town, built(lines))
    renamed = built(lines.assign(road=lines["road"].map(rename)))
    found = found_in(town, renamed, rename)
    assert all(same(one, two) for one, two in zip(expected, found, strict=True))


@FEW
@given(towns())
def test_the_ends_the_other_way_round_are_the_same_ground(town: Town) -> None:
    network = built(town.lines())
    places = dict(zip(every_stretch(town), found_in(town, network), strict=True))
    for (street, one, two), found in places.items():
        assert same(found, places[street, two, one])


@FEW
@given(towns(), st.data())
def test_where_a_street_is_missing_nothing_is_located_wrongly(
    town: Town, data: st.DataObject
) -> None:
    lines = town.lines()
    gone = data.draw(st.integers(0, len(town.rows) + len(town.columns) - 1))
    less = lines[lines["road"] != town.name(gone)].reset_index(drop=True)
    full = found_in(town, built(lines))
    for key, whole, found in zip(
        every_stretch(town), full, found_in(town, built(less)), strict=True
    ):
        if gone in key:
            assert found.status != "located"
            assert len(questions([found])) == 1
        else:
            assert found.status == "located"
            assert whole.geometry is not None
            assert found.geometry is not None
            assert abs(whole.length_m - found.length_m) < 1.0
