"""The package, judged by the tools of its standards: frictionless, mlcroissant and sha256sum."""

from __future__ import annotations

import json
import subprocess

import frictionless
import mlcroissant
import polars
import pytest
from mlcroissant._src.core.context import Context, CroissantVersion
from mlcroissant._src.core.rdf import make_context

from apod_pipeline.archive.ledger import Ledger
from apod_pipeline.archive.lines import timestamp
from apod_pipeline.datasets.apod.fields import ENTRY, ENTRY_FIELDS
from apod_pipeline.exporting.descriptors import croissant_context

FILES = {
    *("datapackage.json", "croissant.json", "data-dictionary.md", "PROVENANCE.md", "LICENSES.md", "SHA256SUMS"),
    *("data/entries.csv", "data/entries.parquet"),
}
# mlcroissant 1.1 reads JSON-LD through names that rdflib 7.6 calls old.
quiet = pytest.mark.filterwarnings("ignore:ConjunctiveGraph is deprecated:DeprecationWarning")


def _contents(folder):
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


@pytest.fixture
def package(taken, tmp_path):
    """A fresh package of all entries."""
    taken.write("package", tmp_path / "package")
    return tmp_path / "package"


def test_frictionless_finds_the_package_valid(package):
    """Descriptor, schema, every row, sizes and hashes pass; the schema's fields are the entry's."""
    report = frictionless.validate(package / "datapackage.json")
    assert report.flatten(["message"]) == []
    assert report.valid
    descriptor = json.loads((package / "datapackage.json").read_bytes())
    assert tuple(field["name"] for field in descriptor["resources"][0]["schema"]["fields"]) == ENTRY_FIELDS
    rows = frictionless.Package(package / "datapackage.json").get_resource("entries").read_rows()
    assert len(rows) == 30
    assert isinstance(rows[0]["repairs"], list)


def test_frictionless_would_see_a_wrong_value(package):
    """The schema does judge: a day that is none, and a media type that there is not, are told."""
    path = package / "data" / "entries.csv"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("2018-12-02,", "2018-12-42,", 1).replace(",image,", ",painting,", 1), encoding="utf-8")
    kinds = {kind for (kind,) in frictionless.validate(package / "datapackage.json").flatten(["type"])}
    assert {"type-error", "constraint-error", "hash-count"} <= kinds


@quiet
def test_mlcroissant_loads_the_records(package, taken):
    """The Croissant descriptor has neither errors nor warnings, and its record set gives every entry."""
    dataset = mlcroissant.Dataset(package / "croissant.json")
    issues = dataset.metadata.ctx.issues
    assert (list(issues.errors), list(issues.warnings)) == ([], [])
    records = list(dataset.records(record_set="entries"))
    assert len(records) == len(taken.entries)
    told = {name.removeprefix("entries/"): value for name, value in records[0].items()}
    assert tuple(told) == ENTRY_FIELDS
    assert told["date"].date().isoformat() == taken.entries[0]["date"]
    assert told["title"].decode() == taken.entries[0]["title"]


def test_the_context_is_that_of_croissant_1_1(package):
    """The JSON-LD context says all that mlcroissant's own of version 1.1 says, and the version is declared."""
    expected = make_context(Context(conforms_to=CroissantVersion.V_1_1))
    assert expected.items() <= croissant_context().items()
    assert json.loads((package / "croissant.json").read_bytes())["conformsTo"] == CroissantVersion.V_1_1.value


def test_checksums_pass_and_cover_everything(package):
    """`sha256sum -c` is content, and no file but the list itself is missing from the list."""
    done = subprocess.run(["sha256sum", "-c", "SHA256SUMS"], cwd=package, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert _contents(package).keys() == FILES
    assert {line.partition(": ")[0] for line in done.stdout.splitlines()} == FILES - {"SHA256SUMS"}


def test_provenance_and_rights_are_told(package, taken):
    """Commit, instant and source stand in PROVENANCE.md; LICENSES.md says that the texts are not covered."""
    provenance, rights = ((package / name).read_text(encoding="utf-8") for name in ("PROVENANCE.md", "LICENSES.md"))
    assert taken.lab.git("rev-parse", "HEAD") in provenance
    assert timestamp(Ledger(taken.lab.archive).versions()[-1].at) in provenance
    assert "(`science`): 30" in provenance
    assert "are not covered by `rights`" in rights
    dictionary = (package / "data-dictionary.md").read_text(encoding="utf-8")
    assert all(f"| `{field.name}` |" in dictionary for field in ENTRY)


def test_csv_and_parquet_hold_the_same(package, taken):
    """Both data files of the package are the archive's entries."""
    frame = polars.read_parquet(package / "data" / "entries.parquet")
    assert frame.with_columns(polars.col("date").cast(polars.String)).to_dicts() == taken.entries
    dates = polars.read_csv(package / "data" / "entries.csv", infer_schema=False)["date"].to_list()
    assert dates == [entry["date"] for entry in taken.entries]


def test_a_package_is_the_same_bytes_again(package, taken, tmp_path):
    """Two packages of one version differ in nothing: no time of writing, no place is told."""
    taken.write("package", tmp_path / "elsewhere" / "again")
    assert _contents(package) == _contents(tmp_path / "elsewhere" / "again")
