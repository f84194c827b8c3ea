"""What was lost, brought back: database, processed files, ledger, raw replies.

Takes a wired pipeline and DVC's objects; gives what was done, as plain counts. Everything is verified by its hash
before it takes its place, nothing that is sound is touched, and no version is made: what was lost is what it was. Never
asks a service, never invents what is nowhere any more, but names it.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from apod_pipeline.archive.folder import Archive
from apod_pipeline.archive.known import Known
from apod_pipeline.archive.ledger import Ledger
from apod_pipeline.archive.lines import append_lines, instant, lines_in, read_lines, timestamp
from apod_pipeline.archive.packs import is_whole, lines_of, packs_in
from apod_pipeline.archive.replies import damaged
from apod_pipeline.archive.run_record import from_json
from apod_pipeline.archive.writing import replacing
from apod_pipeline.errors import ArchiveDamaged, DatabaseError, VersioningError
from apod_pipeline.model import Outcome
from apod_pipeline.recovery.restoring import Restoration
from apod_pipeline.run.pipeline import Pipeline
from apod_pipeline.versioning.git import Git
from apod_pipeline.versions.commits import all_hashes, commits, pointer_hashes
from apod_pipeline.versions.objects import DIRECTORY, DvcObjects, is_object, md5

Done = dict[str, Any]


@dataclass(frozen=True)
class Recovery:
    """The drills of one archive.

    Attributes:
        pipeline: wired.
        objects: what DVC keeps.
        embedded: folder of the archive's own server; None where another is loaded.
    """

    pipeline: Pipeline
    objects: DvcObjects
    embedded: Path | None = None

    @property
    def archive(self) -> Archive:
        """The folder."""
        return self.pipeline.archive

    @property
    def git(self) -> Git:
        """Its repository."""
        return Git(self.archive.root)

    @property
    def _files(self) -> Restoration:
        return Restoration(self.archive, self.objects)

    # ---- the database --------------------------------------------------------------------
    def database(self) -> Done:
        """Every table from the archive's files, and nothing else in them; the runs from the untracked log.

        Raises:
            DatabaseError: no server can be started or reached.
        """
        with self.pipeline.held():
            self._move_damaged_server()
            loaded = self.pipeline.store().load(exactly=True)
            runs = [*self._logged_runs()]
            self.pipeline.store().record(*runs)
        return {"inserted": loaded.inserted, "changed": loaded.changed, "runs": len(runs)}

    def _move_damaged_server(self) -> None:
        try:
            self.pipeline.store()
        except DatabaseError:
            from apod_pipeline.embedded_postgres import EmbeddedPostgres

            if self.embedded is None:
                raise
            server = EmbeddedPostgres(self.embedded)
            server.await_stop()
            if not server.is_stopped():
                raise
            aside = self.embedded.with_name(f"{self.embedded.name}-damaged-{dt.datetime.now(dt.UTC):%Y%m%dT%H%M%SZ}")
            self.embedded.rename(aside)
            self.pipeline.tell(f"the archive's server does not start: its folder is now {aside}, a new one is created")

    def _logged_runs(self) -> Iterator[tuple[Outcome, dt.datetime]]:
        for line in read_lines(self.archive.log):
            if "error" in line:  # such a run left a line, and no row
                continue
            outcome = from_json(line)
            took = dt.timedelta(seconds=sum(outcome.seconds.values()))
            yield outcome, instant(line["finished"]) if "finished" in line else outcome.started + took

    # ---- files ---------------------------------------------------------------------------
    def processed(self) -> Done:
        """CSV, Parquet and JSON of the last version: from DVC, or derived again where DVC has lost them.

        Raises:
            ArchiveDamaged: when they can be had in neither way.
        """
        with self.pipeline.held():
            placed = self._placed() if self._committed() else None
            derived = 0
            if placed is None:
                derived = self.pipeline.derivation.rebuild()
                self._same_as_before()
        return {"placed": placed or 0, "derived": derived}

    def _committed(self) -> bool:
        """True when the ledger's last version is the one that HEAD holds."""
        versions, head = Ledger(self.archive).versions(), commits(self.archive, most=1)
        return bool(versions and head and head[-1].at >= versions[-1].at)

    def _placed(self) -> int | None:
        """How many files DVC had to give; None where it has lost them."""
        self.git.run("checkout", "-q", "HEAD", "--", self.archive.relative(self.archive.csv.parent))
        try:
            placed = self._files.processed()
        except VersioningError as error:
            self.pipeline.tell(f"{error} The files are derived from the raw replies instead.")
            return None
        self._files.mark_files()
        return placed

    def _same_as_before(self) -> None:
        told = pointer_hashes(self.archive).get(self.archive.relative(self.archive.csv))
        if told and md5(self.archive.csv) != told:
            raise ArchiveDamaged(
                "the CSV that the current rules derive is not the one of the last version, which other rules made. The "
                "raw replies are intact; `apod run` makes a version with the current rules."
            )

    def ledger_files(self) -> Done:
        """Every ledger file begins as it was committed; what was added since stays, as far as it can be read."""
        mended = []
        with self.pipeline.held():
            for name in self.git.run("ls-tree", "-r", "--name-only", "HEAD", "data/ledger").split():
                path = self.archive.root / name
                committed = b"".join(lines_in(self.git.output("show", f"HEAD:{name}")))
                now = path.read_bytes() if path.exists() else b""
                if now.startswith(committed):
                    continue
                later = lines_in(now)[committed.count(b"\n") :]
                with replacing(path) as file:
                    file.write(committed + b"".join(line for line in later if _readable(line)))
                mended.append(name)
            self.pipeline.ledger.forget()
        return {"mended": mended}

    def raw(self, *, give_up: bool = False) -> Done:
        """Every raw reply that the ledger tells of, from DVC's cache or its remote, by its own hash.

        Args:
            give_up: write down that what is nowhere is lost, so that runs go on without it.

        Raises:
            ArchiveDamaged: naming what is nowhere; all the rest was brought back.
        """
        with self.pipeline.held():
            known = self.pipeline.ledger.known()
            wrong = damaged(self.archive, known)
            lost = self._brought(known, wrong)
            if not lost:
                self._remove_damaged_packs()
            if lost and give_up:
                now = timestamp(self.pipeline.now())
                append_lines(
                    self.archive.ledger / "lost.jsonl",
                    [{"file": file, "sha256": known.replies[file]["sha256"], "at": now} for file in lost],
                )
            elif lost:
                days = sorted(day for file in lost for day in known.replies[file].get("readings", ()))
                raise ArchiveDamaged(
                    f"{len(lost)} raw replies ({', '.join(lost[:3])}) are neither in DVC's cache nor on its remote; "
                    f"they hold readings of {', '.join(days[:3]) or 'no day'}{' ...' if days[3:] else ''}. Entries and "
                    "tables still hold those days. Bring the remote back and type the same command again; or record "
                    "them as lost with `apod recover raw --give-up`."
                )
            self.pipeline.publishing.track_replies()  # the `.dvc` file may be damaged, and a pack gone
            self.pipeline.versioner.finish()
        return {"brought": len(wrong) - len(lost), "lost": lost}

    def _brought(self, known: Known, wrong: Sequence[str]) -> list[str]:
        """Put replies back by the listings of the folder, the working one first; gives what is in none of them."""
        lost = [*wrong]
        for listed in self._listings() if lost else ():
            files = {name: listed[name] for name in lost if name in listed} | self._packs_of(known, lost, listed)
            nowhere = self.objects.fetch(set(files.values()))
            for name, oid in files.items():
                if oid not in nowhere:
                    self.objects.copy(oid, self.archive.raw / name)
            if files and not (lost := damaged(self.archive, known, lost)):
                break
        return lost

    def _packs_of(self, known: Known, lost: Collection[str], listed: Mapping[str, str]) -> dict[str, str]:
        """The packs of a listing that hold some replies, where they are gone from the folder, or are not the same."""
        numbers = {known.replies[name]["order"] + 1 for name in lost}
        packs = {name: lines for name in listed if (lines := lines_of(name)) and any(map(lines.__contains__, numbers))}
        return {name: listed[name] for name in packs if not is_object(self.archive.raw / name, listed[name])}

    def _listings(self) -> Iterator[dict[str, str]]:
        """What the folder of replies held, by the working pointer, then by those of all versions."""
        pointer = pointer_hashes(self.archive).get(self.archive.relative(self.archive.raw))
        everywhere = [oid for oid in all_hashes(self.archive) if oid.endswith(DIRECTORY) and oid != pointer]
        for folders in ([pointer] if pointer else [], everywhere[::-1]):
            nowhere = self.objects.fetch(folders)
            yield from (self.objects.listing(oid) for oid in folders if oid not in nowhere)

    def _remove_damaged_packs(self) -> None:
        """A pack that cannot be read, and whose replies are all here as files, goes: it will be made again."""
        for pack in packs_in(self.archive.raw):
            if not is_whole(pack):
                pack.unlink()


def _readable(line: bytes) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except ValueError:
        return False
