"""Folium pages that are one file and need no network: scripts, styles and images stand inside.

Three walls keep the text of others from running as script. Data stands in a
``<script type="application/json">`` block in which nothing can close the block
(`json_for_script`); the page's own scripts put text into elements as text, never as HTML; and a
content security policy names the hash of every script that may run, and forbids every address
except data inside the page and, where one was asked for, the tile layer.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterator, Sequence
from functools import cache
from html import escape
from importlib.resources import files

import folium
from branca.element import Element, Figure, MacroElement
from folium.template import Template

HTML_LANG = {"zh": "zh-CN", "en": "en"}

_UNSAFE = {ord(mark): f"\\u{ord(mark):04x}" for mark in "<>&\u2028\u2029"}
_TEMPLATE_MARK = re.compile(r"\{(?=[{%#])")
_SURROGATE = re.compile("[\ud800-\udfff]")
_SCRIPT = re.compile(r"<script>(.*?)</script>", re.DOTALL)
_CSS_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_CSS_IMAGE = re.compile(r"url\((images/[\w.-]+\.png)\)")
_POLICY_MARK = "<!--policy-->"


def json_for_script(value: object) -> str:
    r"""Return ``value`` as JSON that can stand inside a script element.

    Parameters
    ----------
    value
        Anything `json.dumps` takes; NaN is refused (say None).

    Returns
    -------
    str
        ``<``, ``>``, ``&``, U+2028, U+2029, lone surrogates and what opens a template expression
        (folium renders what its elements hold once more) stand as ``\uXXXX``, so that the text can
        neither close the element, nor run in the template, nor break the encoding of the file.

    Examples
    --------
    >>> json_for_script("</script>")
    '"\\u003c/script\\u003e"'
    """
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    text = _TEMPLATE_MARK.sub(r"\\u007b", text.translate(_UNSAFE))
    return _SURROGATE.sub(lambda mark: f"\\u{ord(mark[0]):04x}", text)


@cache
def vendored_script(path: str) -> str:
    """Return a vendored script without its source map reference and clickable addresses.

    The notice of copyright at its head stays.
    """
    text = (files("maps") / "vendor" / path).read_text(encoding="utf-8")
    text = re.sub(r"//# sourceMappingURL=\S*", "", text)
    return text.replace("https://leafletjs.com", "leafletjs.com").strip()


@cache
def vendored_style(path: str) -> str:
    """Return a vendored style without comments, its images as ``data:`` addresses."""
    resource = files("maps") / "vendor" / path
    folder = files("maps") / "vendor" / path.rpartition("/")[0]

    def as_data(address: re.Match[str]) -> str:
        image = (folder / address[1]).read_bytes()
        return f"url(data:image/png;base64,{base64.b64encode(image).decode('ascii')})"

    return _CSS_IMAGE.sub(as_data, _CSS_COMMENT.sub("", resource.read_text(encoding="utf-8")))


@cache
def own_file(name: str) -> str:
    """Return a script or style of ours from ``maps/static``."""
    return (files("maps") / "static" / name).read_text(encoding="utf-8")


class OfflineFigure(Figure):
    """A page that names its language and which scripts may run in it.

    Parameters
    ----------
    title
        Title of the page; escaped here.
    lang
        ``zh`` or ``en``.
    tiles
        Whether images from other places (map tiles) may be loaded.
    """

    _template = Template(
        "<!DOCTYPE html>\n"
        '<html lang="{{this.html_lang}}">\n'
        "<head>\n"
        '<meta charset="utf-8">\n' + _POLICY_MARK + "\n<title>{{this.page_title}}</title>\n"
        "{{this.header.render(**kwargs)}}\n"
        "</head>\n"
        "<body>\n"
        "{{this.html.render(**kwargs)}}\n"
        "<script>{{this.script.render(**kwargs)}}</script>\n"
        "</body>\n"
        "</html>\n"
    )

    def __init__(self, *, title: str, lang: str, tiles: bool) -> None:
        super().__init__()
        self.header._children.clear()  # noqa: SLF001 -- the template has its own charset
        self.html_lang = HTML_LANG[lang]
        self.page_title = escape(title)
        self.tiles = tiles

    def render(self, **kwargs: object) -> str:
        """Return the page with the policy that lets exactly its own scripts run."""
        page = super().render(**kwargs)
        hashes = sorted(
            base64.b64encode(hashlib.sha256(script.encode()).digest()).decode("ascii")
            for script in _SCRIPT.findall(page)
        )
        scripts = " ".join(f"'sha256-{digest}'" for digest in hashes)
        images = "data: blob: https: http:" if self.tiles else "data: blob:"
        policy = (
            f"default-src 'none'; script-src {scripts}; style-src 'unsafe-inline'; "
            f"img-src {images}; base-uri 'none'; form-action 'none'"
        )
        meta = f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        return page.replace(_POLICY_MARK, meta, 1)


class PageData(MacroElement):
    """Puts data and panels on a folium map, and starts the page's own script.

    Parameters
    ----------
    data
        What the script reads.
    panels
        Name of the markup in ``maps/static``.
    start
        Function of ``digonce`` that is called with the map and its tile layer or null.
    """

    _template = Template(
        """
        {% macro html(this, kwargs) %}
        {{ this.panels }}
        <script type="application/json" id="digonce-data">{{ this.data }}</script>
        {% endmacro %}
        {% macro script(this, kwargs) %}
        digonce.{{ this.start }}({{ this._parent.get_name() }}, {{ this.tiles }});
        {% endmacro %}
        """
    )

    def __init__(self, data: dict[str, object], *, panels: str, start: str) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._name = "PageData"
        self.data = json_for_script(data)
        self.panels = own_file(panels)
        self.start = start

    @property
    def tiles(self) -> str:
        """The name of the tile layer in the page's script, or ``null``."""
        assert self._parent is not None, "add it to a map first"
        layers = self._parent._children.values()  # noqa: SLF001 - branca has no other way
        found = (one for one in layers if isinstance(one, folium.TileLayer))
        return next((str(one.get_name()) for one in found), "null")


def offline_map(
    *,
    title: str,
    lang: str,
    tiles: str | None = None,
    styles: Sequence[str] = (),
    scripts: Sequence[str] = (),
) -> folium.Map:
    """Return an empty folium map in a page of its own that opens without a network.

    Parameters
    ----------
    title
        Title of the page.
    lang
        ``zh`` or ``en``.
    tiles
        URL template of a tile layer for those who have one, such as
        ``/tiles/{z}/{x}/{y}.png``; None for none.
    styles, scripts
        Names of files in ``maps/static``, in order, after Leaflet's own.

    Returns
    -------
    folium.Map
        Add elements to it, then `render` it.
    """
    page = folium.Map(
        location=[0.0, 0.0],
        zoom_start=2,
        tiles=None,
        zoom_control="topright",
        max_zoom=21,
        zoom_snap=0.25,
        attribution_control=tiles is not None,
    )
    page.default_js = []
    page.default_css = []
    figure = OfflineFigure(title=title, lang=lang, tiles=tiles is not None)
    figure.add_child(page)
    sheets = [vendored_style("leaflet/leaflet.css"), *map(own_file, styles)]
    for number, style in enumerate(sheets):
        figure.header.add_child(Element(_verbatim("style", style)), name=f"style_{number}")
    sources = [vendored_script("leaflet/leaflet.js"), *map(own_file, scripts)]
    for number, script in enumerate(sources):
        figure.header.add_child(Element(_verbatim("script", script)), name=f"script_{number}")
    if tiles is not None:
        layer = folium.TileLayer(tiles=tiles, attr=" ", name="tiles", max_zoom=21)
        layer.add_to(page)
    return page


def render(page: folium.Map) -> str:
    """Return the page's HTML; equal input gives equal text (folium's random names are replaced)."""
    figure = page.get_root()
    for number, element in enumerate(_elements(page)):
        element._id = str(number)  # noqa: SLF001 -- folium has no other way to name an element
    html: str = figure.render()
    return html


def _elements(element: Element) -> Iterator[Element]:
    yield element
    for child in element._children.values():  # noqa: SLF001
        yield from _elements(child)


def _verbatim(tag: str, text: str) -> str:
    """Wrap ``text`` so that the template engine leaves its braces alone."""
    return f"{{% raw %}}<{tag}>{text}</{tag}>{{% endraw %}}"
