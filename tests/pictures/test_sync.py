"""From entries to files, lines, rows, objects and a commit; and what is refused on the way."""

from __future__ import annotations

import datetime as dt
import hashlib
import io
import json
from concurrent.futures import ThreadPoolExecutor

import psycopg
from PIL import Image

from apod_pipeline.archive.lines import read_lines

NEWEST = "2018-12-31"


def test_every_picture_is_kept_by_its_hash(gallery):
    """Files have their hash's name, rows and lines tell the same of them, DVC and Git keep both, and all is well."""
    told, code = gallery.sync()
    assert (code, told["downloaded"], told["refused"]) == (0, 8, 0)
    shelf = gallery.shelf()
    pictures = {name: body for name, body in shelf.items() if not name.endswith(".thumb.webp")}
    assert len(shelf) == 2 * len(pictures)
    for name, body in pictures.items():
        assert name.partition(".")[0] == hashlib.sha256(body).hexdigest()
    rows = gallery.rows("SELECT date, sha256, type, bytes, width, height FROM apod_picture WHERE replaced_at IS NULL")
    assert sorted(rows) == sorted(
        (key, *(line[name] for name in ("sha256", "type", "bytes", "width", "height")))
        for key, line in gallery.kept().items()
    )
    for _, digest, kind, size, width, height in rows:
        body = next(body for name, body in pictures.items() if name.startswith(digest))
        assert len(body) == size
        assert Image.open(io.BytesIO(body)).size == (width, height)
        assert Image.MIME[Image.open(io.BytesIO(body)).format] == kind
    assert gallery.git("status", "--porcelain") == ""
    assert gallery.git("log", "-1", "--format=%s").strip() == "Keep 8 pictures"
    assert gallery.command("verify").returncode == 0
    media = gallery.rows("SELECT count(*) FROM apod_media WHERE sha256 IS NOT NULL AND rights IS NOT NULL")
    assert media[0][0] >= 8


def test_one_copy_on_the_disk(gallery):
    """A picture and DVC's own copy of it are one file with two names."""
    gallery.sync()
    for path in gallery.paths():
        assert path.stat().st_nlink == 2


def test_nothing_to_do_asks_nobody(hung):
    """A second sync requests nothing, writes nothing, commits nothing."""
    before, asked = (hung.shelf(), hung.commits(), hung.tables()), len(hung.nasa.requests)
    told, code = hung.sync()
    assert (code, told["downloaded"]) == (0, 0)
    assert (hung.shelf(), hung.commits(), hung.tables()) == before
    assert len(hung.nasa.requests) == asked


def test_newest_first_and_no_more_than_asked(gallery):
    """With --most the newest pictures come, and the next sync goes on with the others."""
    told, _ = gallery.sync("--most", "3")
    assert told["downloaded"] == 3
    assert sorted(gallery.kept()) == ["2018-12-29", "2018-12-30", "2018-12-31"]
    assert gallery.sync()[0]["downloaded"] == 5


def test_what_it_will_take_is_said_first(gallery):
    """Before anything is requested the size is estimated; --dry-run says it and does nothing."""
    done = gallery.command("pictures", "sync", "--dry-run")
    assert "8 pictures to download" in done.stderr
    assert "of 40 GB that they may take" in done.stderr
    assert not gallery.pictures.shelf.root.exists()


def test_the_budget_of_the_disk(gallery):
    """No more is downloaded than pictures may take; what is left is said, and is no failure."""
    told, code = gallery.sync("--max-gb", "0.0001")
    assert code == 0
    assert told["left"] > 0
    assert "as much as they may" in told["left_because"]
    assert 0 < told["downloaded"] < 8


def test_a_page_under_a_pictures_name(gallery):
    """What is refused is noted with its reason, is put away, and stops nothing; it is asked for again another day."""
    gallery.nasa.fault("picture_damaged", "/december/.*[.]jpg", times=1)
    gallery.nasa.fault("picture_html", "/december/")
    told, code = gallery.sync("--most", "2")
    assert (code, told["refused"]) == (0, 2)
    assert any("decoded" in why or "judged" in why for why in told["refused_pictures"].values())
    assert len(list((gallery.pictures.shelf.private / "quarantine").iterdir())) == 1
    gallery.nasa.clear_faults()
    assert gallery.sync()[0]["downloaded"] == 6
    ours = gallery.pictures
    assert ours.plan(ours.notes.told()).later == 2
    assert len(gallery.pictures.plan(ours.notes.told()).tasks) == 0
    assert gallery.sync("--again")[0]["downloaded"] == 2
    assert gallery.command("verify").returncode == 0


def test_the_rendition_where_the_original_fails(gallery):
    """Where the original is not to be had, what the site makes of it is kept, and is called what it is."""
    gallery.nasa.fault("status", "/content/dam/", code=404)
    told, _ = gallery.sync()
    kinds = {line["kind"] for line in gallery.kept().values()}
    assert "rendition" in kinds
    kept = gallery.rows("SELECT DISTINCT kind FROM apod_picture")
    assert {kind for (kind,) in kept} == kinds
    for line in gallery.kept().values():
        if line["kind"] == "rendition":
            assert "/dynamicimage/" in line["from"]
            assert line["address"] != line["asked_at"]
    assert told["downloaded"] + told["refused"] == 8


def test_a_host_that_is_away(gallery):
    """Pictures whose host does not answer are told, end the command with 4, and come with the next sync."""
    gallery.nasa.fault("status", "/december/", code=503)
    told, code = gallery.sync()
    assert (code, told["downloaded"]) == (4, 0)
    assert told["away"] == 8
    gallery.nasa.clear_faults()
    assert gallery.sync()[0]["downloaded"] == 8


def test_bytes_that_changed_are_a_revision(hung):
    """Another picture under the same name takes the place of the first, which stays; when each was had is told."""
    before = hung.kept()
    hung.nasa.fault("picture_other", "/december/")
    told, _ = hung.sync("--recheck")
    assert told["changed"] >= 1
    after = hung.kept()
    changed = [key for key in before if before[key]["sha256"] != after[key]["sha256"]]
    assert len(changed) == told["changed"]
    for key in changed:
        states = hung.rows(f"SELECT sha256, replaced_at FROM apod_picture WHERE date = '{key}' ORDER BY kept_at")
        assert [state[0] for state in states] == [before[key]["sha256"], after[key]["sha256"]]
        assert [state[1] is None for state in states] == [False, True]
    assert {name.partition(".")[0] for name in hung.shelf()} >= {line["sha256"] for line in before.values()}
    assert hung.command("verify").returncode == 0


def test_a_page_does_not_replace_a_kept_picture(hung):
    """What is kept stays, whatever its address answers later."""
    before = hung.kept()
    for fault in ("picture_html", "picture_bomb", "picture_damaged"):
        hung.nasa.clear_faults()
        hung.nasa.fault(fault, "/december/")
        told, code = hung.sync("--recheck")
        assert (code, told["changed"], told["downloaded"]) == (0, 0, 0)
    assert hung.kept() == before


def test_young_pictures_are_looked_at_once_a_day(hung):
    """A picture that was had lately is looked at again after a day, and not before."""
    ours = hung.pictures
    told = ours.notes.told()
    assert ours.plan(told).tasks == []
    tomorrow = type(ours)(ours.archive, ours.wishes, ours.objects, hung.later(1.01))
    assert len(tomorrow.plan(told).tasks) == 8
    much_later = type(ours)(ours.archive, ours.wishes, ours.objects, hung.later(60))
    assert much_later.plan(told).tasks == []


def test_an_entry_that_shows_another_picture(hung):
    """Where an entry's address changed, the new picture is had; the other one stays in its history."""
    day = dt.date(2018, 12, 27)
    other = f"{hung.nasa.url}/content/dam/science/cds/apod/apod/2018/december/Another27_Quill.jpg"
    hung.nasa.edit(day, url=other, hdurl=other)
    hung.run()
    hung.sync()
    states = hung.rows(f"SELECT kept_from FROM apod_picture WHERE date = '{day}' ORDER BY kept_at")
    assert len(states) == 2
    assert states[1][0] == other


def test_two_syncs_at_once(gallery):
    """The second one says that another is at it; nothing is downloaded twice."""
    gallery.nasa.fault("slow_drip", "/december/", times=4, piece=20_000, pause=0.1)
    with ThreadPoolExecutor(2) as both:
        ends = [one.result() for one in [both.submit(gallery.command, "pictures", "sync", "--json") for _ in range(2)]]
    codes = sorted(one.returncode for one in ends)
    assert codes[0] == 0
    if codes[1]:
        assert "synchronised by another process" in "".join(one.stderr for one in ends)
    assert len(gallery.kept()) == 8


def test_status_tells_what_is_there(gallery):
    """Before and after a sync: how many, how large, what is refused and why."""
    assert json.loads(gallery.command("pictures", "status", "--json").stdout)["to_be_asked"] == 8
    gallery.nasa.fault("picture_html", "/december/[A-Za-z]+31_")
    gallery.sync("--most", "4")
    told = json.loads(gallery.command("pictures", "status", "--json").stdout)
    assert (told["kept"], told["refused"], told["to_be_asked"]) == (3, 1, 4)
    assert "no picture by its first bytes" in told["refused_pictures"][0]["why"]
    assert told["bytes"] == sum(map(len, gallery.shelf().values()))


def test_verify_names_a_flipped_byte(hung):
    """A byte that changed anywhere is named by both verifies, and the next sync brings the file back."""
    whole = hung.shelf()
    path = next(path for path in hung.paths() if not path.name.endswith(".thumb.webp"))
    body = bytearray(path.read_bytes())
    body[len(body) // 2] ^= 1
    path.unlink()  # it is DVC's copy too
    path.write_bytes(body)
    done = hung.command("pictures", "verify")
    assert done.returncode == 1
    assert "1 of" in done.stdout
    assert "apod pictures sync --verify" in done.stdout
    assert hung.command("verify").returncode == 1
    assert hung.sync("--verify")[1] == 0
    assert hung.shelf() == whole
    assert hung.command("pictures", "verify").returncode == 0


def test_lost_files_come_back_from_dvc(hung):
    """Files that are gone from the folder come back from the cache, or from the remote; nobody is asked for them."""
    whole, asked = hung.shelf(), len(hung.nasa.requests)
    for path in hung.paths():
        path.unlink()
    for kept in (hung.archive.root / ".dvc" / "cache").rglob("*"):
        if kept.is_file() and not kept.name.endswith(".dir"):
            kept.unlink()
    told, code = hung.sync()
    assert (code, told["brought_back"]) == (0, 8)
    assert hung.shelf() == whole
    assert len(hung.nasa.requests) == asked


def test_tables_are_a_projection(hung, database_url):
    """Another database, filled from the archive, tells the same of pictures."""
    before = hung.tables()
    with psycopg.connect(hung.database) as connection:
        connection.execute("DELETE FROM apod_picture")
    done = hung.command("recover", "database")
    assert done.returncode == 0, done.stderr
    assert hung.tables() == before


def test_a_set_without_pictures_says_so(tmp_path, gallery):
    """Where a data set has no pictures, the command ends with one sentence."""
    done = gallery.command("init", "--dataset", "approaches", "--archive", str(tmp_path / "other"), APOD_EXTRAS="")
    assert done.returncode == 0, done.stderr
    told = gallery.command("pictures", "status", "--archive", str(tmp_path / "other"))
    assert told.returncode == 2
    assert "approaches has no pictures" in told.stderr


def test_the_ledger_tells_of_every_picture(gallery):
    """Each line has the keys that the dictionary describes, and no other."""
    from apod_pipeline.datasets.apod import DATA_SET
    from apod_pipeline.dictionary.files import files

    gallery.nasa.fault("picture_html", "/december/[A-Za-z]+31_")
    gallery.sync()
    described = next(file for file in files(DATA_SET) if "pictures-" in file.path)
    lines = [line for path in gallery.archive.ledger.glob("pictures-*") for line in read_lines(path)]
    assert {line["status"] for line in lines} == {"kept", "refused"}
    for line in lines:
        assert line.keys() <= {field.name for field in described.fields}
        assert line.keys() >= {field.name for field in described.fields if not field.nullable}
