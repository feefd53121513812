"""What the words of a cell are in their place: the pass between the words and the grammar.

A word alone does not tell whether ``彭赵中区`` is an end of the works or a remark, or whether ``路口``
makes a junction or says where an end is. Its neighbours do, and that is all that is looked at here.
"""

from __future__ import annotations

from dataclasses import replace

from coordination.extents.words import ASIDES, NAMES, Word

_LINKS = frozenset({"COMMA", "AND", "SLASH"})
_OPENERS = _LINKS | {"OPEN", "SEP", "FROM"}
_SEALS = frozenset({"CLOSE", "JUNCTION", "AREA", "BEYOND"})
LONGEST_PLACE = 16
"""Letters; what is longer is a sentence."""

_PART_OF_NAME = frozenset(
    [
        "规划",
        "规划路",
        "在建",
        "待建",
        "旧",
        "旧名",
        "旧线",
        "东",
        "西",
        "南",
        "北",
        "上层",
        "下层",
        "开放",
        "社区",
    ]
)
"""In brackets behind a name these belong to it: 尚电环路(东) is a road of its own."""


def in_order(words: list[Word]) -> list[Word]:
    """Return the words as the grammar wants them.

    Parameters
    ----------
    words
        In the order of the text.

    Examples
    --------
    >>> from coordination.extents.folded_text import fold
    >>> from coordination.extents.words import chinese_words
    >>> [w.kind for w in in_order(chinese_words(fold("彭封路(彭赵中区—嘉新公路)大修")))]
    ['ROAD', 'OPEN', 'PLACE', 'SEP', 'ROAD', 'CLOSE', 'REST']
    """
    words = _names_with_brackets(words)
    words = _without_first_bracket(words)
    words = _even_brackets(words)
    words = _places(words)
    words = _without_idle_brackets(words)
    words = _corners(words)
    words = _without_idle_marks(words)
    return _leading(_sealed(words))


def _names_with_brackets(words: list[Word]) -> list[Word]:
    out: list[Word] = []
    place = 0
    while place < len(words):
        word = words[place]
        inner = words[place + 1 : place + 3]
        if (
            word.kind == "OPEN"
            and out
            and out[-1].kind in NAMES
            and len(inner) == 2
            and inner[1].kind == "CLOSE"
            and (
                inner[0].text in _PART_OF_NAME
                or (
                    inner[0].kind in {"UNKNOWN", "BRIDGE", "PLACE", "RIVER"}
                    and len(inner[0].text) <= 4
                    and [word.kind for word in words[place + 3 : place + 4]] in (["OPEN"], ["SEP"])
                )
            )
        ):
            text = f"{out[-1].text}({inner[0].text})"
            out[-1] = replace(out[-1], text=text, end=inner[1].end)
            place += 3
            continue
        out.append(word)
        place += 1
    return out


def _without_first_bracket(words: list[Word]) -> list[Word]:
    """Brackets around what a cell begins with enclose nothing: (A路-B路) beside a column of roads."""
    first = next((place for place, word in enumerate(words) if word.kind not in ASIDES), None)
    if first is None or words[first].kind != "OPEN":
        return words
    if any(word.kind == "UNKNOWN" for word in words[:first]):
        return words
    depth = 0
    for place in range(first, len(words)):
        depth += {"OPEN": 1, "CLOSE": -1}.get(words[place].kind, 0)
        if depth == 0:
            return words[:first] + words[first + 1 : place] + words[place + 1 :]
    return words[:first] + words[first + 1 :]


def _even_brackets(words: list[Word]) -> list[Word]:
    """Drop brackets that have no partner, and those inside brackets."""
    out: list[Word] = []
    open_at: list[int] = []
    keep = [True] * len(words)
    for place, word in enumerate(words):
        if word.kind == "OPEN":
            open_at.append(place)
            if len(open_at) > 1:
                keep[place] = False
        elif word.kind == "CLOSE":
            if not open_at:
                keep[place] = False
            else:
                open_at.pop()
                keep[place] = not open_at
    for place in open_at:
        keep[place] = False
    out.extend(word for place, word in enumerate(words) if keep[place])
    return out


def _near(words: list[Word], place: int, step: int) -> Word | None:
    """Return the next word that is no aside."""
    place += step
    while 0 <= place < len(words):
        if words[place].kind not in ASIDES:
            return words[place]
        place += step
    return None


def _places(words: list[Word]) -> list[Word]:
    """Decide which unknown words are places: the ends of a run, and what a cell begins with."""
    before: list[Word | None] = []
    last: Word | None = None
    for word in words:
        before.append(last)
        if word.kind not in ASIDES:
            last = word
    after: list[Word | None] = [None] * len(words)
    last = None
    for place in range(len(words) - 1, -1, -1):
        after[place] = last
        if words[place].kind not in ASIDES:
            last = words[place]
    out = list(words)
    for place, word in enumerate(words):
        if word.kind != "UNKNOWN" or len(word.text) > LONGEST_PLACE:
            continue
        if [each.kind for each in words[max(0, place - 2) : place]] == ["CLOSE", "SEP"]:
            continue  # the -B of 福安路(福科路~福順路)-B
        left = "" if (found := before[place]) is None else found.kind
        right = "" if (found := after[place]) is None else found.kind
        at_start = place == 0 or words[place - 1].kind in _OPENERS
        at_end = place + 1 == len(words) or words[place + 1].kind not in NAMES
        if (
            at_start
            and at_end
            and (
                left in {"SEP", "FROM"}
                or right in {"SEP", "OPEN", "JUNCTION"}
                or (left == "" and right in {"", "COMMA", "AND"})
            )
        ):
            out[place] = replace(word, kind="PLACE")
    return out


def _without_idle_brackets(words: list[Word]) -> list[Word]:
    """Brackets around asides only, such as (东侧) and (约430米), say nothing themselves."""
    out: list[Word] = []
    opened = -1
    for word in words:
        if word.kind == "OPEN":
            opened = len(out)
        elif word.kind == "CLOSE" and opened >= 0:
            inner = out[opened + 1 :]
            if all(each.kind in ASIDES or each.kind == "COMMA" for each in inner):
                del out[opened:]
                out.extend(each for each in inner if each.kind != "COMMA")
                opened = -1
                continue
            opened = -1
        out.append(word)
    return out


def _corners(words: list[Word]) -> list[Word]:
    """路口 behind an end of a run says which end; it makes no junction."""
    out = list(words)
    in_run = False
    for place, word in enumerate(words):
        if word.kind in {"SEP", "FROM"}:
            in_run = True
        elif word.kind in _LINKS or word.kind in {"OPEN", "CLOSE"}:
            in_run = False
        elif word.kind == "JUNCTION":
            following = _near(words, place, 1)
            if in_run or (following is not None and following.kind == "SEP"):
                out[place] = replace(word, kind="CORNER")
    return out


def _without_idle_marks(words: list[Word]) -> list[Word]:
    """Drop marks that link nothing: at an edge, doubled, or before words of work."""
    out: list[Word] = []
    for place, word in enumerate(words):
        if word.kind in _LINKS:
            left = out[-1].kind if out else ""
            following = _near(words, place, 1)
            if left == "CLOSE" and following is not None and following.kind == "OPEN":
                continue  # 博园路(A路-B路)、(C路-D路)
            if (
                left in _OPENERS
                or not out
                or following is None
                or following.kind in {*_LINKS, "CLOSE"}
            ):
                continue
            if all(each.kind in ASIDES for each in out):
                continue
        elif word.kind == "SEP":
            left = next((each.kind for each in reversed(out) if each.kind not in ASIDES), "")
            following = _near(words, place, 1)
            right = "" if following is None else following.kind
            if left == "CLOSE" and right not in NAMES:
                out.append(replace(word, kind="REST"))
                continue
            if left in {*_OPENERS, ""} or right in {*_LINKS, "CLOSE", "OPEN", "SEP", ""}:
                if left in NAMES and right == "SEP":
                    continue
                out.append(replace(word, kind="REST"))
                continue
        out.append(word)
    return out


def _sealed(words: list[Word]) -> list[Word]:
    """Put a COMMA where one place is closed and a name follows without any."""
    out: list[Word] = []
    sealed = False
    for word in words:
        if word.kind in _SEALS:
            sealed = True
        elif sealed and word.kind in {"PLACE", "RIVER"}:
            out.append(replace(word, kind="UNKNOWN"))
            continue
        elif sealed and (word.kind in NAMES or word.kind == "TOWARDS"):
            out.append(Word("COMMA", "", word.start, word.start))
            sealed = False
        elif word.kind not in ASIDES:
            sealed = False
        out.append(word)
    return out


def _leading(words: list[Word]) -> list[Word]:
    out: list[Word] = []
    opener = True
    for word in words:
        if word.kind in ASIDES:
            if opener:
                out.append(replace(word, kind="LEADING", aside_kind=word.kind))
                continue
        else:
            opener = word.kind in _OPENERS
        out.append(word)
    return out


def pieces(words: list[Word]) -> list[list[Word]]:
    """Cut a cell at the commas outside brackets, for reading it piece by piece.

    Parameters
    ----------
    words
        In order; brackets are even and not nested.
    """
    out: list[list[Word]] = [[]]
    inside = False
    for word in words:
        if word.kind in {"OPEN", "CLOSE"}:
            inside = word.kind == "OPEN"
        if word.kind == "COMMA" and not inside:
            out.append([])
        else:
            out[-1].append(word)
    return [piece for piece in out if piece]
