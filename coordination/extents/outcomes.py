"""What the search for one extent comes to: the ground that was found, and what else may be meant."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from shapely.geometry.base import BaseGeometry

from coordination.extents.located import Located, Status
from coordination.extents.parsed import End, Extent
from coordination.faults import Fault
from coordination.questions import Candidate
from geo.network_paths import Walk

Params = dict[str, str | int | float]
"""Values that a wording names."""

Assumed = tuple[tuple[str, Params], ...]
"""Keys of `CONFIDENCE` with the values that their words name."""

CONFIDENCE = {
    "exact": 0.95,
    "exact_junction": 0.95,
    "several_nodes": 0.9,
    "alias": 0.9,
    "number": 0.9,
    "corridor": 0.9,
    "landmark_end": 0.9,
    "landmark": 0.9,
    "other_name_part": 0.8,
    "offset": 0.85,
    "boundary_end": 0.85,
    "area": 0.85,
    "convention": 0.8,
    "whole_road": 0.85,
    "road_end": 0.8,
    "gap": 0.8,
    "both_edges": 0.8,
    "long_road": 0.7,
    "many_pieces": 0.7,
    "by_length": 0.7,
    "length_off": 0.5,
    "area_off": 0.5,
}
"""How sure a place is, by the least sure thing that was assumed for it.

==================  ==========  ==================================================================
assumption          confidence  what it says
==================  ==========  ==================================================================
``exact``           0.95        every name is in the network and every end meets the road once
``exact_junction``  0.95        the named roads meet once
``several_nodes``   0.9         an end meets at carriageways that are not joined
``alias``           0.9         a name is another or a former name of the road
``number``          0.9         a road was found by its route number, or by its name beside one
``corridor``        0.9         several roads were walked as one
``landmark_end``    0.9         an end is a bridge or river of the landmarks
``landmark``        0.9         the place is a landmark
``other_name_part`` 0.8         a bridge or tunnel with a name of its own stands for the road there
``offset``          0.85        an end was measured off along the road
``boundary_end``    0.85        an end is where the road crosses a border, once
``area``            0.85        an area closed by all named roads
``convention``      0.8         上行/下行, by the convention of the policy
``whole_road``      0.85        all of a road; ``long_road`` 0.7, ``many_pieces`` 0.7
``road_end``        0.8         an end is the end of the road in the network
``gap``             0.8         a short gap of the network was walked through
``both_edges``      0.8         a footway with no side: both edges of the road
``by_length``       0.7         the stated length chose among places of one name
``length_off``      0.5         the stated length contradicts the place; ``area_off`` its area
(confirmed)         1.0         a person chose it
==================  ==========  ==================================================================
"""


@dataclass(frozen=True)
class Found:
    """Ground that an extent may mean.

    Attributes
    ----------
    geometry, ground, ground_width_m, length_m
        As `coordination.extents.located.Located`.
    walk
        How it runs along the road; None for points, areas and roads that are no one walk.
    """

    geometry: BaseGeometry
    ground: BaseGeometry
    ground_width_m: float | None = None
    length_m: float = float("nan")
    walk: Walk | None = None


@dataclass(frozen=True)
class Option:
    """One thing that may be meant, with what choosing it leads to.

    Attributes
    ----------
    key, wording, params, distance_m
        As `coordination.questions.Candidate`.
    found
        Where it is; None where choosing it only mends the text.
    instead
        The mended extent that is searched for when it is chosen and has no place.
    one_name
        Whether every name in it is exactly as written, so that a stated length may choose it.
    """

    key: str
    wording: str
    params: Params = field(default_factory=dict)
    found: Found | None = None
    instead: Extent | None = None
    distance_m: float | None = None
    one_name: bool = False

    def candidate(self) -> Candidate:
        """Return it as people see it."""
        return Candidate(
            self.key,
            self.wording,
            self.params,
            None if self.found is None else self.found.geometry,
            self.distance_m,
        )


@dataclass(frozen=True)
class Outcome:
    """What became of an extent.

    Attributes
    ----------
    found
        The place; None unless it is certain enough to be taken.
    options
        What may be meant otherwise, best first.
    reason
        Why it is asked or not known; of a place the reason follows from `assumed`.
    assumed
        Keys of `CONFIDENCE` with the values that their words name.
    notes
        Contradictions.
    """

    found: Found | None = None
    options: tuple[Option, ...] = ()
    reason: Fault | None = None
    assumed: Assumed = ()
    notes: tuple[Fault, ...] = ()

    def located(self, extent: Extent, most: int) -> Located:
        """Return it as the contract has it: status, confidence and reasons."""
        candidates = tuple(option.candidate() for option in self.options[:most])
        if self.found is None:
            status: Status = "ask" if self.options else "unknown"
            reason = self.reason or Fault("extents.reason.not_understood", "note")
            return Located(extent, status, 0.0, reason, candidates=candidates, notes=self.notes)
        assumed = sorted(self.assumed or (("exact", {}),), key=lambda item: CONFIDENCE[item[0]])
        said = [Fault(f"extents.assumed.{key}", "note", params=dict(p)) for key, p in assumed]
        return Located(
            extent,
            "located",
            CONFIDENCE[assumed[0][0]],
            said[0],
            self.found.geometry,
            self.found.ground,
            self.found.ground_width_m,
            self.found.length_m,
            candidates,
            (*(fault for fault in said[1:] if fault.code != "extents.assumed.exact"), *self.notes),
        )


def unknown(reason: str, **params: str | float) -> Outcome:
    """Return an outcome that nothing came near to."""
    return Outcome(reason=why(reason, **params))


def why(reason: str, **params: str | float) -> Fault:
    """Return a reason of topic ``extents.reason``."""
    return Fault(f"extents.reason.{reason}", "note", params=dict(params))


def end_text(end: End) -> str:
    """Return an end in canonical form.

    Examples
    --------
    >>> end_text(End("road", "墨玉路", offset_m=100.0, towards="west")), end_text(End("chainage", "", 1200.0))
    ('墨玉路+100west', 'K1+200')
    """
    if end.kind == "chainage" and end.chainage_m is not None:
        whole, rest = divmod(round(end.chainage_m), 1000)
        name = f"K{whole}+{rest:03d}"
    else:
        name = end.name or end.text or end.kind
    if end.offset_m:
        return f"{name}+{end.offset_m:g}{end.towards or ''}"
    return f"{name} {end.towards}" if end.towards else name


def canonical(extent: Extent) -> str:
    """Return an extent in a form that says everything of its place, with its road.

    What an answer is remembered by: two texts that mean the same place have one form.

    Examples
    --------
    >>> canonical(Extent("(A-B)", "stretch", ("甲路",), (End("road", "乙路"), End("road", "丙路"))))
    '甲路(乙路-丙路)'
    """
    roads = "—".join(extent.roads)
    ends = "-".join(end_text(end) for end in extent.ends)
    words = [extent.place or "", roads, f"({ends})" if ends else ""]
    if extent.kind == "stretch" and not ends:
        words.append(f"({extent.text})")  # some part of a road is not the road
    if extent.partly:
        words.append(f"[{extent.partly}]")
    if extent.kind == "whole_road" and extent.length_m:
        words.append(f" {extent.length_m:g} m")  # perhaps a part of it, another one in each row
    if extent.kind == "junction":
        words.append("路口")
    if extent.kind == "area":
        words.append("合围区域" + ("(不含)" if extent.bounds_excluded else ""))
    words += [extent.carriageway or "", "".join(extent.travel or ()), extent.side or ""]
    if extent.position in ("up", "down", "east_side", "west_side", "south_side", "north_side"):
        words.append(extent.position)
    return "".join(words) or extent.text


def with_road(extent: Extent, at: int, road: str) -> Extent:
    """Return an extent with another road at one place."""
    return replace(extent, roads=(*extent.roads[:at], road, *extent.roads[at + 1 :]))


def with_end(extent: Extent, at: int, name: str) -> Extent:
    """Return an extent with another road as one of its ends."""
    end = replace(extent.ends[at], kind="road", name=name, text=name)
    return replace(extent, ends=(*extent.ends[:at], end, *extent.ends[at + 1 :]))
