"""``/api/v1/imports``: a file goes the same way as with the command line."""

from __future__ import annotations

from pathlib import Path, PurePosixPath, PureWindowsPath
from tempfile import TemporaryDirectory
from typing import Annotated, Any

from fastapi import APIRouter, File, Form, Query, UploadFile

from api.dependencies import Language, PolicyNeeded, SettingsNeeded, SnapshotsNeeded
from api.imports import ImportOptions, Kind, import_document, import_file
from data.column_mapping import parse_mapping
from data.coordinates import Axes
from data.rehearsal import rehearse
from geo.frames import Frame

router = APIRouter(prefix="/api/v1/imports", tags=["imports"])


def _plain_name(said: str) -> str:
    """Return what a file can be called here: the last part of its name, printable, not too long."""
    last = PurePosixPath(PureWindowsPath(said).name).name
    name = "".join(letter for letter in last if letter.isprintable())[-60:]
    return name if name.strip(". ") else "upload"


@router.post("")
def post_import(
    snapshots: SnapshotsNeeded,
    settings: SettingsNeeded,
    policy: PolicyNeeded,
    lang: Language,
    file: Annotated[
        UploadFile, File(description="GeoJSON, GeoPackage, Shapefile (zip), CSV, XLSX")
    ],
    kind: Annotated[Kind, Form()] = "projects",
    mapping: Annotated[str | None, Form(description="mapping file, TOML")] = None,
    crs: Annotated[str | None, Form()] = None,
    frame: Annotated[Frame | None, Form()] = None,
    axes: Annotated[Axes | None, Form()] = None,
    encoding: Annotated[str | None, Form()] = None,
    layer: Annotated[str | None, Form()] = None,
    edition_of: Annotated[
        str | None, Form(description="stored file whose next edition the list is")
    ] = None,
    dry_run: Annotated[bool, Query()] = False,
    partial: Annotated[bool, Query()] = False,
) -> dict[str, Any]:
    """Import a file; the answer lists every row: what became of it, and why."""
    options = ImportOptions(
        edition_of=edition_of,
        mapping=parse_mapping(mapping, source="mapping") if mapping else None,
        crs=crs, frame=frame, axes=axes, encoding=encoding, layer=layer, partial=partial, dry_run=dry_run,
    )  # fmt: skip
    with TemporaryDirectory() as folder, snapshots.store() as store:
        path = Path(folder) / _plain_name(file.filename or "")
        with path.open("wb") as out:
            while block := file.file.read(1 << 20):
                out.write(block)
        said = options.mapping
        rehearse(
            path, layer=layer or (said.layer if said else None), crs=crs or (said.crs if said else None),
            encoding=encoding or (said.encoding if said else None),
        )  # fmt: skip
        report = import_file(store, kind, path, options, policy=policy, actor=settings.actor)
    return import_document(report, lang)
