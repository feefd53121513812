from __future__ import annotations

import json
import re

import folium
from hypothesis import given
from hypothesis import strategies as st

from maps import offline


@given(st.text())
def test_json_in_a_script_reads_back_and_cannot_close_it(text: str) -> None:
    written = offline.json_for_script({"name": text})
    assert json.loads(written) == {"name": text}
    assert not set(written) & set("<>&\u2028\u2029")
    assert not re.search(r"\{[{%#]", written)


def test_json_keeps_chinese_and_survives_half_a_character_pair() -> None:
    assert offline.json_for_script("城中路") == '"城中路"'
    assert offline.json_for_script("\ud800").encode() == b'"\\ud800"'


def test_an_empty_page_holds_leaflet_and_no_address() -> None:
    html = offline.render(offline.offline_map(title="空", lang="zh"))
    assert "Leaflet 1.9.4" in html
    addresses = re.findall(r"(?:https?:)?//[\w.-]+\.\w+[\w./-]*", html)
    assert set(addresses) == {"http://www.w3.org/2000/svg"}
    assert not re.findall(r"url\((?!data:|#)", html)
    assert "sourceMappingURL" not in html


def test_the_title_is_text() -> None:
    html = offline.render(offline.offline_map(title="</title><script>x</script>", lang="en"))
    assert "<title>&lt;/title&gt;&lt;script&gt;x&lt;/script&gt;</title>" in html
    assert '<html lang="en">' in html


def test_only_the_scripts_of_the_page_may_run() -> None:
    html = offline.render(offline.offline_map(title="x", lang="zh"))
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', html)
    assert policy is not None
    assert "default-src 'none'" in policy[1]
    assert "'unsafe-inline'; img-src data: blob:;" in policy[1]
    scripts = policy[1].split("script-src ")[1].split(";")[0].split()
    assert len(scripts) == len(set(re.findall(r"<script>(.*?)</script>", html, re.DOTALL)))
    assert all(source.startswith("'sha256-") for source in scripts)


def test_a_tile_layer_is_the_only_address_and_only_when_asked_for() -> None:
    page = offline.offline_map(title="x", lang="zh", tiles="https://tiles.test/{z}/{x}/{y}.png")
    html = offline.render(page)
    assert html.count("https://") == 1
    assert "https://tiles.test/{z}/{x}/{y}.png" in html
    assert "img-src data: blob: https: http:;" in html


def test_names_that_folium_draws_by_lot_do_not_reach_the_page() -> None:
    def page() -> str:
        fmap = offline.offline_map(title="x", lang="zh")
        folium.FeatureGroup(name="g").add_to(fmap)
        return offline.render(fmap)

    assert page() == page()
