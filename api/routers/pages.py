"""Pages for people: the start page, the map, the API's own documentation."""

from __future__ import annotations

from importlib.resources import files
from typing import Annotated

from fastapi import APIRouter, Path, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response

from api.dependencies import Language, PolicyNeeded, SettingsNeeded, SnapshotsNeeded
from api.pages import render
from api.problems import NotFoundError
from api.provenance import SOFTWARE_VERSION
from api.workflow import map_page

router = APIRouter(include_in_schema=False)

STATIC = {
    "swagger-ui-bundle.js": "text/javascript; charset=utf-8",
    "swagger-ui.css": "text/css; charset=utf-8",
}


@router.get("/", response_class=HTMLResponse)
def start_page(snapshots: SnapshotsNeeded, lang: Language) -> HTMLResponse:
    """Say what the store holds and where to go."""
    newest = snapshots.newest()
    return HTMLResponse(
        render(
            "start.html",
            lang,
            projects=len(newest.city.projects),
            sites=len(newest.city.sites),
            findings=None if newest.findings is None else len(newest.findings.table),
            sections=None if newest.city.network is None else len(newest.city.network.sections),
            revision=newest.city.data_revision,
            version=SOFTWARE_VERSION,
        )
    )


@router.get("/maps/conflicts", response_class=HTMLResponse)
def conflicts_map(
    request: Request,
    snapshots: SnapshotsNeeded,
    settings: SettingsNeeded,
    policy: PolicyNeeded,
    lang: Language,
) -> HTMLResponse:
    """Show the meeting map of the last detection; made once per revision and language."""
    newest = snapshots.newest()
    if newest.findings is None:
        raise NotFoundError("http.no_detection")
    cache: dict[tuple[int, str], str] = request.app.state.maps
    key = (newest.info.log_revision, lang)
    if key not in cache:
        cache.clear()
        cache[key] = map_page(newest.city, newest.findings, policy, lang=lang, tiles=settings.tiles)
    return HTMLResponse(cache[key])


@router.get("/docs", response_class=HTMLResponse)
def api_docs(lang: Language) -> HTMLResponse:
    """Show the API's documentation, from our own files so that it works offline."""
    return HTMLResponse(render("docs.html", lang, version=SOFTWARE_VERSION))


@router.get("/static/{name}")
def static_file(name: Annotated[str, Path(pattern="^[a-z.-]+$")]) -> Response:
    """Serve one of the few files that pages need."""
    if name not in STATIC:
        raise NotFoundError("http.status.404")
    content = (files("api") / "static" / "swagger-ui" / name).read_bytes()
    return Response(
        content, media_type=STATIC[name], headers={"Cache-Control": "public, max-age=86400"}
    )


@router.get("/healthz")
def healthz() -> JSONResponse:
    """Answer while the process lives."""
    return JSONResponse({"status": "ok", "version": SOFTWARE_VERSION})


@router.get("/readyz")
def readyz(snapshots: SnapshotsNeeded) -> JSONResponse:
    """Answer when the store can be read."""
    with snapshots.store() as store:
        return JSONResponse({"status": "ok", "data_revision": store.info().data_revision})
