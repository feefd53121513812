"""What the rules of the grammar found, before it is read as extents."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

from lark import Token, Transformer

from coordination.extents.words import Word


@dataclass(frozen=True, slots=True)
class Named:
    """One name with what is said before and after it.

    Attributes
    ----------
    before, after
        Asides.
    words
        The name; several where names touch (嘉罗公路 and 1号桥).
    """

    before: tuple[Word, ...]
    words: tuple[Word, ...]
    after: tuple[Word, ...]

    @property
    def asides(self) -> tuple[Word, ...]:
        """All that is said of it."""
        return self.before + self.after


@dataclass(frozen=True, slots=True)
class Listed:
    """Names side by side; ``links[i]`` stands before ``names[i + 1]``."""

    names: tuple[Named, ...]
    links: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Run:
    """Names from one to the next."""

    names: tuple[Named, ...]


@dataclass(frozen=True, slots=True)
class Inside:
    """What stands in one pair of brackets: its rule, its runs, its names, what else it says."""

    rule: str
    runs: tuple[Run, ...]
    listed: Listed | None
    asides: tuple[Word, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """One place or several that share their brackets.

    Attributes
    ----------
    rule
        Alias in the grammar.
    main
        Names outside the brackets; None where there are none.
    run
        The ends behind 从.
    brackets
        In order.
    bounds
        Of an area said by its sides.
    asides
        What is said of the whole, in order.
    """

    rule: str
    main: Listed | Run | None
    run: Run | None
    brackets: tuple[Inside, ...]
    bounds: tuple[Named, ...]
    asides: tuple[Word, ...]


_MARKS = frozenset({"JUNCTION", "AREA", "BEYOND", "TOWARDS"})


def _word(token: Token) -> Word:
    return cast("Word", token.value)


def _asides(children: list[Any]) -> tuple[Word, ...]:
    """Return the words that stand by themselves, with those of a lead."""
    out: list[Word] = []
    for child in children:
        if isinstance(child, tuple):
            out.extend(child)
        elif isinstance(child, Word):
            out.append(child)
        elif isinstance(child, Token) and child.type in _MARKS:
            out.append(_word(child))
    return tuple(out)


class Shapes(Transformer[Token, list[Group]]):
    """Builds the shapes as the parser goes; nothing recurses, whatever a cell holds."""

    def start(self, children: list[Any]) -> list[Group]:
        """Return the groups of a cell."""
        return [child for child in children[0] if isinstance(child, Group)]

    def cell(self, children: list[Any]) -> list[Any]:
        """Pass on."""
        return children

    def words(self, children: list[Token]) -> tuple[Word, ...]:
        """Return the words of a name."""
        return tuple(_word(child) for child in children)

    lead = words

    def aside(self, children: list[Token]) -> Word:
        """Return the word."""
        return _word(children[0])

    def link(self, children: list[Token]) -> Token:
        """Return the mark."""
        return children[0]

    def named(self, children: list[Any]) -> Named:
        """Return one name."""
        tuples = [child for child in children if isinstance(child, tuple)]
        after = tuple(child for child in children if isinstance(child, Word))
        return Named(tuples[0] if len(tuples) > 1 else (), tuples[-1], after)

    def listed(self, children: list[Any]) -> Listed:
        """Return names side by side."""
        if len(children) == 1:
            return Listed((children[0],))
        left, link, right = children
        return Listed((*left.names, right), (*left.links, link.type))

    def run(self, children: list[Any]) -> Run:
        """Return names from one to the next."""
        left, _, right = children
        return Run((*(left.names if isinstance(left, Run) else (left,)), right))

    def _inside(self, rule: str, children: list[Any]) -> Inside:
        listed = [child for child in children if isinstance(child, Listed)]
        return Inside(
            rule,
            tuple(child for child in children if isinstance(child, Run)),
            listed[0] if listed else None,
            _asides(children),
        )

    def between(self, children: list[Any]) -> Inside:
        """Return ends in brackets."""
        return self._inside("between", children)

    def at_junction(self, children: list[Any]) -> Inside:
        """Return crossing roads in brackets."""
        return self._inside("at_junction", children)

    def beside(self, children: list[Any]) -> Inside:
        """Return lone names in brackets."""
        return self._inside("beside", children)

    def brackets(self, children: list[Any]) -> list[Any]:
        """Return the insides of all pairs."""
        return children

    def bound(self, children: list[Any]) -> Named:
        """Return one side of an area."""
        words = next(child for child in children if isinstance(child, tuple))
        asides = _asides([child for child in children if child is not words])
        before = tuple(word for word in asides if word.kind == "TOWARDS")
        return Named(before, words, tuple(word for word in asides if word.kind != "TOWARDS"))

    def bounds(self, children: list[Any]) -> list[Named]:
        """Return the sides of an area."""
        out: list[Named] = []
        for child in children:
            if isinstance(child, Named):
                out.append(child)
            elif isinstance(child, list):
                out.extend(child)
        return out

    def _group(self, rule: str, children: list[Any]) -> Group:
        main: Listed | Run | None = None
        run: Run | None = None
        brackets: list[Inside] = []
        bounds: list[Named] = []
        from_seen = False
        for child in children:
            if isinstance(child, Token) and child.type == "FROM":
                from_seen = True
            elif isinstance(child, Listed) or (isinstance(child, Run) and not from_seen):
                main = child
            elif isinstance(child, Run):
                run = child
            elif isinstance(child, list):
                brackets += [each for each in child if isinstance(each, Inside)]
                bounds += [each for each in child if isinstance(each, Named)]
        if rule == "ends_only" and run is not None:
            main, run = run, None
        return Group(rule, main, run, tuple(brackets), tuple(bounds), _asides(children))

    def bracketed(self, children: list[Any]) -> Group:
        """Return names with their brackets."""
        return self._group("bracketed", children)

    def corridor(self, children: list[Any]) -> Group:
        """Return several roads as one with their brackets."""
        return self._group("corridor", children)

    def ends_only(self, children: list[Any]) -> Group:
        """Return ends without a road."""
        return self._group("ends_only", children)

    def from_to(self, children: list[Any]) -> Group:
        """Return names with ends behind 从."""
        return self._group("from_to", children)

    def junction(self, children: list[Any]) -> Group:
        """Return names that meet."""
        return self._group("junction", children)

    def area(self, children: list[Any]) -> Group:
        """Return names around an area."""
        return self._group("area", children)

    def nothing(self, children: list[Any]) -> Group:
        """Return words that name nothing."""
        return self._group("nothing", children)

    def bare(self, children: list[Any]) -> Group:
        """Return names without ends."""
        return self._group("bare", children)

    def bounded(self, children: list[Any]) -> Group:
        """Return an area told by its sides."""
        return self._group("bounded", children)
