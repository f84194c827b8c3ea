"""What pictures cost: `make bench-pictures`.

Takes how many rounds, prints a sync of 500 mixed pictures from a loopback server against the two bare loops, its
memory, what a sync without anything to do takes over 11,500 entries, and what one more picture costs beside 22,000
files. Keeps them in `pictures.md`. All sides run in turns.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import io
import json
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import stamps
from measuring import Command, Cost, cost_of, in_turns, median
from PIL import Image
from surroundings import BIN, HERE, Surroundings, surroundings

from apod_pipeline.datasets.apod.drawn_pictures import picture as drawn
from apod_pipeline.simulator import Simulator

COUNT, TODAY = 500, dt.date(2018, 12, 31)
# Megapixels, how many of a hundred, and how: baseline and progressive JPEG, and PNG.
MIX = ((1, 38, "jpeg"), (2, 20, "jpeg"), (4, 14, "jpeg"), (8, 10, "jpeg"), (12, 6, "jpeg"), (24, 4, "jpeg"))
MIX += ((4, 4, "progressive"), (1, 4, "png"))
ENTRIES = 11_500
FILES = 22_000
ON = {"APOD_EXTRAS": "pictures", "APOD_PICTURES_NETWORKS": "loopback", "APOD_PICTURES_PER_SECOND": "100000"}


def make_pictures(folder: Path) -> list[str]:
    """So many different files of mixed sizes; gives their names."""
    luck, names = random.Random(20), []
    kinds = [(size, form) for size, share, form in MIX for _ in range(share * COUNT // 100)]
    luck.shuffle(kinds)
    bodies: dict[tuple[int, str], list[bytes]] = {}
    for number, kind in enumerate(kinds):
        if len(bodies.setdefault(kind, [])) < 6:  # each of some pictures many times, with a word of its own in it
            bodies[kind].append(_body(*kind, number))
        body = luck.choice(bodies[kind])
        name = f"{number:03d}.{'png' if kind[1] == 'png' else 'jpg'}"
        (folder / name).write_bytes(_marked(body, number))
        names.append(name)
    return names


def _body(megapixels: int, form: str, number: int) -> bytes:
    view = Image.open(io.BytesIO(drawn(f"Bench{number:02d}_Quill", form="png"))).convert("RGB")
    wide = round((megapixels * 1e6 * 4 / 3) ** 0.5)
    whole = view.resize((wide, wide * 3 // 4), Image.Resampling.BICUBIC)
    noise = Image.frombytes("L", (512, 384), random.Random(number).randbytes(512 * 384)).resize(whole.size)
    whole = Image.blend(whole, Image.merge("RGB", (noise, noise, noise)), 0.06)
    body = io.BytesIO()
    if form == "png":
        whole.save(body, "PNG", compress_level=3)
    else:
        whole.save(body, "JPEG", quality=88, progressive=form == "progressive")
    return body.getvalue()


def _marked(body: bytes, number: int) -> bytes:
    """The same picture as another file: a comment of its own in a JPEG, a word behind the end of a PNG."""
    if body.startswith(b"\xff\xd8"):
        word = b"%08d" % number
        return body[:2] + b"\xff\xfe" + (len(word) + 2).to_bytes(2, "big") + word + body[2:]
    return body + b"%08d" % number


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """A host of a folder's files, in a process of its own."""
    words = [sys.executable, str(HERE / "picture_server.py"), str(folder)]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None  # noqa: S101 - it is a pipe
    try:
        yield process.stdout.readline().strip()
    finally:
        process.terminate()
        process.wait(timeout=30)
        process.stdout.close()


@dataclass
class Bench:
    """One host of pictures, and an archive whose entries show them.

    Attributes:
        place: where it is measured.
        nasa: tells of the entries.
        host: address of the pictures.
        names: of their files.
        folder: where they are.
    """

    place: Surroundings
    nasa: Simulator
    host: str
    names: list[str]
    folder: Path

    def apod(self, words: str, archive: str, database: str, **more: str) -> Command:
        """`apod` over an archive of the simulated entries."""
        own = {"APOD_PLANETARY_URL": self.nasa.url, "APOD_SCIENCE_URL": self.nasa.url, **ON, **more}
        return self.place.apod(words, archive, database, TODAY, **own)

    def begin(self, archive: str) -> str:
        """An archive of so many entries without pictures; gives its database."""
        database = self.place.database(archive)
        first = TODAY - dt.timedelta(days=COUNT - 1)
        cost_of(self.apod(f"backfill --from {first}", archive, database, APOD_EXTRAS=""))
        return database

    def sync(self, number: int) -> Cost:
        """Of all pictures, as it is typed: downloaded, judged, kept by DVC and Git, in the tables."""
        database = self.begin(f"synced_{number}")
        return cost_of(self.apod("pictures sync", f"synced_{number}", database))

    def memory(self) -> int:
        """Bytes that such a sync and all that it starts hold at most."""
        database = self.begin("watched")
        return cost_of(self.apod("pictures sync", "watched", database), memory=True).peak

    def download(self, number: int) -> Cost:
        """The bare loop of httpx."""
        into = self.place.work / f"loop_{number}"
        into.mkdir()
        listed = self.place.work / "names"
        listed.write_text(" ".join(self.names))
        return cost_of(self.place.script("bare_pictures.py", "download", self.host, str(listed), str(into)))

    def decode(self, number: int) -> Cost:
        """The bare loop of Pillow."""
        copy = self.place.work / f"decoded_{number}"
        shutil.copytree(self.folder, copy)
        return cost_of(self.place.script("bare_pictures.py", "decode", str(copy)))


def idle(place: Surroundings, rounds: int) -> tuple[list[Cost], list[Cost], int]:
    """A sync that has nothing to do over so many entries; one more picture beside so many files, and what it adds."""
    _, database = place.backfill("whole", ENTRIES)
    archive = place.work / "whole"
    today = dt.date.fromisoformat((archive / "data/processed/apod_data.csv").read_text().rsplit("\n", 2)[-2][:10])
    lines = pretend_kept(archive)

    def apod(words: str) -> Command:
        return place.apod(words, "whole", database, today, **ON)

    cost_of(apod("pictures sync"))
    costs = [cost_of(apod("pictures sync")) for _ in range(rounds)]
    one_more, added = [], 0
    for number in range(rounds):
        before = _size(archive / ".git") + _size(archive / ".dvc" / "cache")
        with (archive / ".apod/pictures/waiting.jsonl").open("a") as file:
            again = {"key": lines[0]["key"], "role": "largest", "asked": lines[0]["asked"]}
            later = {"at": f"2020-01-02T00:00:{number:02d}Z"}
            file.write(json.dumps(_one(archive, again | later, FILES + number)) + "\n")
        one_more.append(cost_of(apod("pictures sync")))
        added = _size(archive / ".git") + _size(archive / ".dvc" / "cache") - before
    return costs, one_more, added


def pretend_kept(archive: Path) -> list[dict[str, object]]:
    """Small files and lines as if every entry's picture had been kept long ago."""
    from apod_pipeline.archive.folder import Archive
    from apod_pipeline.datasets.apod import DATA_SET
    from apod_pipeline.extras.pictures.plan import entries_of

    lines, number = [], 0
    for row in entries_of(Archive(archive, DATA_SET)):
        for picture in DATA_SET.pictures(row) if DATA_SET.pictures else ():
            told = {"key": row["date"], "role": picture.role, "asked": picture.address}
            lines.append(_one(archive, told, number))
            number += 1
    (archive / ".apod/pictures").mkdir(mode=0o700, exist_ok=True)
    (archive / ".apod/pictures/waiting.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    return lines


def _one(archive: Path, told: dict[str, object], number: int) -> dict[str, object]:
    digest = hashlib.sha256(b"%d" % number).hexdigest()
    folder = archive / "data/pictures" / digest[:2]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{digest}.jpg").write_bytes(digest.encode())
    (folder / f"{digest}.thumb.webp").write_bytes(digest[::-1].encode())
    facts = {"sha256": digest, "bytes": 64, "type": "image/jpeg", "width": 64, "height": 48}
    seen = {"perceptual_hash": digest, "kind": "original"}
    return {"at": "2020-01-01T00:00:00Z", "status": "kept", **told, **facts, **seen}


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def main(rounds: int) -> None:
    """Measure, print, keep."""
    with tempfile.TemporaryDirectory(prefix="apod-bench-") as work, Simulator(today=TODAY) as nasa:
        Path(work).chmod(0o755)
        folder = Path(work) / "pictures"
        folder.mkdir()
        names = make_pictures(folder)
        with served(folder) as host, surroundings(Path(work), BIN) as place:
            for number, name in enumerate(names):
                nasa.edit(TODAY - dt.timedelta(days=number), url=f"{host}/{name}", hdurl=f"{host}/{name}")
            bench = Bench(place, nasa, host, names, folder)
            synced, downloaded, decoded = in_turns(rounds, bench.sync, bench.download, bench.decode)
            peak = bench.memory()
            nothing, one_more, added = idle(place, rounds)
    told = [json.loads(cost.output) for cost in synced]
    assert all(one["downloaded"] == len(names) for one in told), told  # noqa: S101 - else it was another bench
    longest = max(median(downloaded).seconds, median(decoded).seconds)
    octets = sum(one["bytes"] for one in told) / len(told) / 1e6
    alone = sorted(one["seconds"] for one in told)[len(told) // 2]
    bare = f"httpx alone {median(downloaded).seconds:.1f} s, Pillow alone {median(decoded).seconds:.1f} s"
    size = f"{len(names)} pictures, {octets:.0f} MB with thumbnails"
    whole = f"{median(synced).seconds:.1f} s, {median(synced).seconds / longest:.2f} x"
    more = f"{median(one_more).seconds:.2f} s (target 2), {added / 1e3:.0f} kB in Git and DVC's cache (target 50)"
    lines = [
        f"{size}: downloaded and judged in {alone:.1f} s; {bare}: {alone / longest:.2f} x the longer one (target 1.15)",
        f"the whole command, with DVC, Git and tables: {whole}",
        f"memory of all its processes, pictures of up to 24 megapixels: {peak / 1e6:.0f} MB (target 300)",
        f"nothing to do over {ENTRIES:,} entries: {median(nothing).seconds:.2f} s (target 0.5)",
        f"one more picture beside {FILES:,} files: {more}",
    ]
    stamps.write("pictures.md", "What pictures cost", "make bench-pictures", lines)


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else 3)
