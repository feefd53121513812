from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from hypothesis import given
from hypothesis import strategies as st

from maps import compact


def unpack(
    packed: dict[str, list[int]], origin: tuple[int, int]
) -> list[list[list[tuple[int, int]]]]:
    """Read back what `pack_geometry` wrote, one vertex after the other."""
    steps = iter(packed["steps"])
    sizes = iter(packed["ring_vertices"])
    shapes = []
    for rings in packed["rings"]:
        shape = []
        for _ in range(rings):
            x, y = origin
            ring = []
            for _ in range(next(sizes)):
                x, y = x + next(steps), y + next(steps)
                ring.append((x, y))
            shape.append(ring)
        shapes.append(shape)
    assert next(steps, None) is None
    assert next(sizes, None) is None
    return shapes


def test_a_polygon_with_a_hole_a_missing_one_and_two_parts() -> None:
    outer, hole = shapely.box(0, 0, 9e-6, 9e-6), shapely.box(2e-6, 2e-6, 4e-6, 4e-6)
    shapes = np.array(
        [
            outer.difference(hole),
            None,
            shapely.Polygon(),
            shapely.MultiPolygon([shapely.box(0, 0, 1e-6, 1e-6), shapely.box(5e-6, 0, 6e-6, 1e-6)]),
        ],
        dtype=object,
    )
    read = unpack(compact.pack_geometry(shapes, (0, 0)), (0, 0))
    assert [len(rings) for rings in read] == [2, 0, 0, 2]
    assert set(read[0][0]) == {(0, 0), (9, 0), (9, 9), (0, 9)}
    assert set(read[0][1]) == {(2, 2), (4, 2), (4, 4), (2, 4)}
    assert set(read[3][1]) == {(5, 0), (6, 0), (6, 1), (5, 1)}


@given(
    st.lists(
        st.one_of(
            st.none(),
            st.lists(
                st.tuples(st.integers(-(10**8), 10**8), st.integers(-(10**7), 10**7)),
                min_size=2, max_size=6, unique=True,
            ),
        ),
        max_size=5,
    ),
    st.tuples(st.integers(-(10**8), 10**8), st.integers(-(10**7), 10**7)),
)  # fmt: skip
def test_lines_read_back_to_a_millionth_of_a_degree(
    lines: list[list[tuple[int, int]] | None], origin: tuple[int, int]
) -> None:
    shapes = np.array(
        [None if line is None else shapely.LineString(np.array(line) / 1e6) for line in lines],
        dtype=object,
    )
    read = unpack(compact.pack_geometry(shapes, origin), origin)
    assert read == [[] if line is None else [line] for line in lines]


def test_simplifying_moves_nothing_by_more_than_ten_centimetres() -> None:
    round_end = shapely.Point(613_000, 3_475_000).buffer(20, quad_segs=32)
    shapes = gpd.GeoSeries([round_end, None], crs=4549)
    simple = compact.lon_lat(shapes)
    assert simple[1] is None
    back = gpd.GeoSeries(simple[:1], crs=4326).to_crs(4549).iloc[0]
    assert len(back.exterior.coords) < len(round_end.exterior.coords)
    assert shapely.hausdorff_distance(back, round_end) <= 0.11


def test_a_column_of_words_keeps_one_text_per_meaning() -> None:
    packed = compact.pack_words(
        pd.Series([2.01, None, 2.04, 3.0]), lambda value, lang: f"{value:.1f} {lang}"
    )
    assert packed == {
        "codes": [0, -1, 0, 1],
        "zh": ["2.0 zh", "3.0 zh"],
        "en": ["2.0 en", "3.0 en"],
    }


def test_a_column_where_all_is_missing() -> None:
    assert compact.pack_words(pd.Series([None, None], dtype=object), str) == {
        "codes": [-1, -1], "zh": [], "en": [],
    }  # fmt: skip
    assert compact.pack_text([None, None]) == {"values": [], "codes": [-1, -1]}


def read_sentence(packed: dict, row: int, names: tuple[str, ...]) -> str:
    numbers = iter(packed["numbers"][row].split(" "))
    return "".join(
        next(numbers)
        if mark == "\ufdd0"
        else names[ord(mark) - 0xFDD1]
        if mark >= "\ufdd1" and mark <= "\ufdef"
        else mark
        for mark in packed["patterns"][packed["codes"][row]]
    )


WORDS = st.text(st.sampled_from("A1 2.-路城{<"), max_size=6)


@given(st.lists(st.tuples(WORDS, WORDS, WORDS, WORDS, st.booleans()), max_size=4))
def test_sentences_read_back_whatever_the_names_are(
    rows: list[tuple[str, str, str, str, bool]],
) -> None:
    names = [row[:3] for row in rows]
    sentences = [f"{a}与{b}在{c}{end}" if full else end for a, b, c, end, full in rows]
    packed = compact.pack_sentences(sentences, names)
    assert [read_sentence(packed, k, names[k]) for k in range(len(rows))] == sentences


def test_a_mark_in_a_sentence_is_replaced_by_the_sign_for_what_is_no_character() -> None:
    packed = compact.pack_sentences(["a\ufdd0b 3"], [("",)])
    assert read_sentence(packed, 0, ("",)) == "a\ufffdb 3"
