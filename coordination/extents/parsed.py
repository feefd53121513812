"""An extent as a planner wrote it, taken apart: what it says, not yet where it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from coordination.faults import Fault

EndKind = Literal["road", "bridge", "river", "boundary", "chainage", "place"]
ExtentKind = Literal["stretch", "whole_road", "junction", "place", "area"]
Compass = Literal["east", "west", "south", "north"]


@dataclass(frozen=True)
class End:
    """What an extent runs from or to, or what bounds an area.

    Attributes
    ----------
    kind
        ``road`` a cross street; ``bridge``, ``river``; ``boundary`` a border (镇界, 区界, or one with
        a name); ``chainage`` a distance along the road; ``place`` anything else with a name.
    name
        As written, widths folded; ``''`` for a chainage and for a border without a name.
    chainage_m
        Distance along the road [m]; only for ``chainage``.
    offset_m, towards
        ``墨玉路以西100米`` is 100 and ``west``; 0 and None where nothing is said. ``墨玉路西侧`` is 0
        and ``west``. Of a boundary of an area where the area lies from it: ``墨玉路以西``.
    text
        As written.
    """

    kind: EndKind
    name: str
    chainage_m: float | None = None
    offset_m: float = 0.0
    towards: Compass | None = None
    text: str = ""


@dataclass(frozen=True)
class Extent:
    """One extent: one road or corridor, one junction, one place or one area.

    Attributes
    ----------
    text
        The piece of the cell that it was read from.
    kind
        ``stretch`` between two ends (one end: from there on); ``whole_road``; ``junction`` of the
        `roads`; ``place`` a point with a name (a bridge); ``area`` bounded by the roads in `ends`.
    roads
        Names, widths folded; several for a corridor (in order) and for a junction.
    ends
        None, one or two of a stretch; the boundaries of an area.
    carriageway
        ``up`` 上行, ``down`` 下行, or None.
    travel
        ``东向西`` is ``("east", "west")``: the carriageway on which traffic runs so.
    side
        Side of the road on which the work lies, None for both or not said.
    position
        A code of `coordination.projects.POSITIONS`, or None.
    bounds_excluded
        An area without the roads that bound it.
    length_m, width_m, area_m2
        What the text states of its size.
    partly
        Words behind the ends of a stretch by which not all of it is meant, or something near it
        (局部, 3处, 附近, 以北50米, 除丙路口); ``''`` for none.
    rest
        Words that say nothing of the place (what is done, when, by whom), as written.
    """

    text: str
    kind: ExtentKind
    roads: tuple[str, ...] = ()
    ends: tuple[End, ...] = ()
    place: str | None = None
    carriageway: Literal["up", "down"] | None = None
    travel: tuple[Compass, Compass] | None = None
    side: Compass | None = None
    position: str | None = None
    bounds_excluded: bool = False
    length_m: float | None = None
    width_m: float | None = None
    area_m2: float | None = None
    partly: str = ""
    rest: tuple[str, ...] = ()


@dataclass(frozen=True)
class ParsedText:
    """A cell: its extents in order, and what stopped the reading.

    Attributes
    ----------
    text
        The cell.
    extents
        Empty where nothing in it names a place.
    faults
        Notes: what was not understood and where.
    """

    text: str
    extents: tuple[Extent, ...]
    faults: tuple[Fault, ...] = ()
