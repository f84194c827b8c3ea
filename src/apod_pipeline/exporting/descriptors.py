"""The machine-readable descriptors of a package: Data Package (v2, with a Table Schema) and Croissant (1.1).

Takes chosen entries and the package's data files (name, size, hash), gives JSON objects. Fields and words are those of
the data set. Never opens a file, never names the time at which it is written.
Sources: datapackage.org/standard, docs.mlcommons.org/croissant (Format Specification 1.1, appendix 1).
"""

from __future__ import annotations

from typing import Any, NamedTuple

from apod_pipeline.archive.lines import timestamp
from apod_pipeline.dataset.about import About
from apod_pipeline.dataset.description import DataSet
from apod_pipeline.dataset.fields import KINDS, Field
from apod_pipeline.exporting.choice import Choice
from apod_pipeline.exporting.notes import facts, licence, origin_of, rights_notes, sources

_TERMS = """
    annotation arrayShape citeAs column containedIn equivalentProperty excludes extract field fileProperty fileObject
    fileSet format includes isArray isLiveDataset jsonPath key md5 parentField path readLines recordSet references regex
    repeated replace samplingRate sdVersion separator source subField transform unArchive value
"""


class DataFile(NamedTuple):
    """A data file of the package: its path inside of it, its media type, its size in bytes and its SHA-256."""

    path: str
    mime: str
    size: int
    sha256: str


def name_of(dataset: DataSet) -> str:
    """What a package of a data set is called."""
    return f"{dataset.name.replace('_', '-')}-entries"


def version(choice: Choice) -> str:
    """A semantic version: the code's, and behind the plus which state of the archive this is."""
    origin = choice.provenance
    return f"{origin.code}+{origin.commit[:12] if origin.commit else origin.at.strftime('%Y%m%dT%H%M%SZ')}"


# ---- Data Package --------------------------------------------------------------------------
def data_package(choice: Choice, csv: DataFile, parquet: DataFile) -> dict[str, Any]:
    """The content of `datapackage.json`."""
    about = choice.dataset.about
    return {
        "$schema": "https://datapackage.org/profiles/2.0/datapackage.json",
        "name": name_of(choice.dataset),
        "title": about.title,
        "description": rights_notes(choice),
        "homepage": about.homepage,
        "version": version(choice),
        "created": timestamp(choice.provenance.at),
        "keywords": [*about.keywords],
        "licenses": [{"path": "LICENSES.md", "title": licence(about)}],
        "sources": [_source(about, name) for name in sources(choice)],
        "provenance": facts(choice),
        "resources": [
            _resource("entries", csv)
            | {"type": "table", "format": "csv", "encoding": "utf-8", "schema": table_schema(choice.dataset)},
            # A file that is not looked into: frictionless would open what is called Parquet, and mostly has no reader.
            _resource("entries-parquet", parquet) | {"title": "The same entries as Parquet", "format": "bin"},
        ],
    }


def _resource(name: str, file: DataFile) -> dict[str, Any]:
    stated = {"mediatype": file.mime, "bytes": file.size, "hash": f"sha256:{file.sha256}"}
    return {"name": name, "path": file.path, **stated}


def _source(about: About, name: str) -> dict[str, str]:
    origin = origin_of(about, name)
    return {"title": origin.title, "path": origin.page}


def table_schema(dataset: DataSet) -> dict[str, Any]:
    """The Table Schema of the CSV."""
    columns = dataset.columns
    fields = [_schema_field(field) for field in columns.fields]
    return {"fields": fields, "missingValues": [""], "primaryKey": [columns.key]}


def _schema_field(field: Field) -> dict[str, Any]:
    kind, form = KINDS[field.kind].schema
    constraints: dict[str, Any] = {} if field.nullable else {"required": True}
    if field.allowed:
        constraints["enum"] = [*field.allowed]
    described: dict[str, Any] = {"name": field.name, "type": kind, "description": field.comment}
    example = {} if field.example is None else {"example": field.example}
    return (
        described | example | ({"format": form} if form else {}) | ({"constraints": constraints} if constraints else {})
    )


# ---- Croissant -----------------------------------------------------------------------------
def croissant(choice: Choice, csv: DataFile, parquet: DataFile) -> dict[str, Any]:
    """The content of `croissant.json`; its record set `entries` is read from the CSV."""
    about, at = choice.dataset.about, timestamp(choice.provenance.at)
    return {
        "@context": croissant_context(),
        "@type": "sc:Dataset",
        "conformsTo": "http://mlcommons.org/croissant/1.1",
        "name": name_of(choice.dataset),
        "description": f"{about.title}. {rights_notes(choice)}",
        "url": about.homepage,
        "license": {"@type": "sc:CreativeWork", "name": licence(about), "url": "LICENSES.md"},
        "creator": {"@type": "sc:Organization", "name": about.creator, "url": about.homepage},
        "datePublished": at,
        "dateModified": at,
        "version": version(choice),
        "keywords": [*about.keywords],
        "inLanguage": "en",
        "citeAs": f"{about.title}, {about.homepage}, as archived by apod-pipeline {version(choice)} at {at}",
        "distribution": [_file_object(file) for file in (csv, parquet)],
        "recordSet": [_record_set(choice.dataset, csv)],
    }


def croissant_context() -> dict[str, Any]:
    """The JSON-LD context of Croissant 1.1, as its specification recommends it and its library expects it."""
    return {
        "@language": "en",
        "@vocab": "https://schema.org/",
        "sc": "https://schema.org/",
        "cr": "http://mlcommons.org/croissant/",
        "rai": "http://mlcommons.org/croissant/RAI/",
        "dct": "http://purl.org/dc/terms/",
        **{term: f"cr:{term}" for term in _TERMS.split()},
        "conformsTo": "dct:conformsTo",
        "data": {"@id": "cr:data", "@type": "@json"},
        "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
        "description": {"@container": "@language"},
        "examples": {"@id": "cr:examples", "@type": "@json"},
        "name": {"@container": "@language"},
    }


def _file_object(file: DataFile) -> dict[str, Any]:
    return {
        "@type": "cr:FileObject",
        "@id": file.path.rpartition("/")[2],
        "name": file.path.rpartition("/")[2],
        "contentUrl": file.path,
        "contentSize": f"{file.size} B",
        "encodingFormat": file.mime,
        "sha256": file.sha256,
    }


def _record_set(dataset: DataSet, csv: DataFile) -> dict[str, Any]:
    return {
        "@type": "cr:RecordSet",
        "@id": "entries",
        "name": "entries",
        "description": dataset.about.entry,
        "key": {"@id": f"entries/{dataset.columns.key}"},
        "field": [
            {
                "@type": "cr:Field",
                "@id": f"entries/{field.name}",
                "name": field.name,
                "description": field.comment,
                "dataType": KINDS[field.kind].croissant,
                "source": {
                    "fileObject": {"@id": csv.path.rpartition("/")[2]},
                    "extract": {"column": field.name},
                },
            }
            for field in dataset.columns.fields
        ],
    }
