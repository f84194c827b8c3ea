"""An archive's files as they were at a version, put where they belong.

Takes a repository that stands at the version, and DVC's objects; gives raw replies, the three processed files and the
marks that tell the next run where everything stands. Every file is verified by its hash before it takes its name.
Never asks a service, never touches the database.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from apod_pipeline.archive.folder import Archive
from apod_pipeline.archive.ledger import Ledger
from apod_pipeline.archive.lines import timestamp
from apod_pipeline.archive.processed import Table
from apod_pipeline.archive.text_files import write_json
from apod_pipeline.archive.writing import replacing
from apod_pipeline.errors import SettingsError
from apod_pipeline.run.grown import fields_there
from apod_pipeline.versioning.dvc_folders import link
from apod_pipeline.versioning.git import Git, without_credentials
from apod_pipeline.versioning.remote_tree import see_that_it_is_an_archive
from apod_pipeline.versions.commits import hashes, pointer_hashes
from apod_pipeline.versions.objects import DIRECTORY, DvcObjects, is_object, md5


@dataclass(frozen=True)
class Restoration:
    """One archive whose files are to be what its `.dvc` files say.

    Attributes:
        archive: where they are put.
        objects: where they come from.
        made: files that are made again instead, by the hash that they had; another writer's bytes may hash otherwise.
    """

    archive: Archive
    objects: DvcObjects
    made: Mapping[str, Path] = field(default_factory=dict)

    def fetch(self, commit: str) -> None:
        """Bring all that a version needs, before anything is touched.

        Raises:
            VersioningError: when some of it is nowhere.
        """
        for oid, file in self.made.items():
            if md5(file) == oid:
                self.objects.keep(file, oid)
        wanted = self.objects.closure(set(hashes(self.archive, commit).values()) - self.made.keys())
        self.objects.bring(wanted)

    def replies(self) -> int:
        """Make the raw replies those of `data/raw.dvc`, others go; gives how many were put in place."""
        oid = pointer_hashes(self.archive).get(self.archive.relative(self.archive.raw))
        wanted = self.objects.listing(oid) if oid else {}
        self.archive.raw.mkdir(parents=True, exist_ok=True)
        for file in self.archive.raw.iterdir():
            if file.is_file() and file.name not in wanted:
                file.unlink()
        stale = {name: one for name, one in wanted.items() if not is_object(self.archive.raw / name, one)}
        self.objects.bring(set(stale.values()))
        for name, one in stale.items():
            self.objects.copy(one, self.archive.raw / name)
        return len(stale)

    def processed(self) -> int:
        """Make CSV and Parquet what their `.dvc` files say, and JSON after them; gives how many were put in place."""
        known = pointer_hashes(self.archive)
        files = {path: known.get(self.archive.relative(path)) for path in (self.archive.csv, self.archive.parquet)}
        stale = {path: oid for path, oid in files.items() if oid and not is_object(path, oid)}
        self.objects.bring(set(stale.values()) - self.made.keys())
        for path, oid in stale.items():
            if oid in self.made:
                with replacing(path) as file, self.made[oid].open("rb") as source:
                    shutil.copyfileobj(source, file, 1 << 20)
            else:
                self.objects.copy(oid, path)
        write_json(self.archive.json, self.archive.dataset.columns, Table.of(self.archive).rows())
        return len(stale)

    def others(self) -> int:
        """Put files of other folders that DVC keeps where they belong, and take none away; gives how many were put.

        One of them and DVC's own copy are the same file, where the file system has hard links: none is ever written to.
        """
        own = {self.archive.relative(path) for path in (self.archive.raw, self.archive.csv, self.archive.parquet)}
        count = 0
        for folder, oid in pointer_hashes(self.archive).items():
            listed = self.objects.listing(oid) if folder not in own and oid.endswith(DIRECTORY) else {}
            stale = {name: one for name, one in listed.items() if not is_object(self.archive.root / folder / name, one)}
            self.objects.bring(set(stale.values()))
            for name, one in stale.items():
                place = self.archive.root / folder / name
                place.parent.mkdir(parents=True, exist_ok=True)
                if not link(self.objects.place(one), place):
                    self.objects.copy(one, place)
            count += len(stale)
        return count

    def mark(self, pushed_to: str | None = None) -> None:
        """Write down that files, commit and push stand at the ledger's last version.

        Args:
            pushed_to: the remote that holds the commit; None where that is not known.
        """
        self.mark_files()
        last, head = Ledger(self.archive).versions()[-1], Git(self.archive.root).head()
        entries = len(Table.of(self.archive))
        self.archive.advance(published=timestamp(last.at), commit=head, pushed=head, examined=0, entries=entries)
        self.archive.advance(pushed_to=pushed_to)

    def mark_files(self) -> None:
        """Write down that the files stand at the ledger's last version."""
        last = Ledger(self.archive).versions()[-1]
        self.archive.witness()
        preference = ",".join(last.preference)
        self.archive.advance(derived=timestamp(last.at), rules=last.rules, preference=preference, fields=None)
        fields_there(self.archive)


def clone(source: str | Path, archive: Archive, commit: str | None = None) -> None:
    """A repository of its own at a version (the newest without one), with all the history up to there.

    Raises:
        SettingsError: when the folder holds something, or the source is no archive of the same data set.
        VersioningError: when the source cannot be read.
    """
    root = archive.root
    if root.exists() and any(root.iterdir()):
        raise SettingsError(f"{root} is not empty. Nothing was touched; name another folder, or move it away.")
    root.mkdir(parents=True, exist_ok=True)
    git = Git(root)
    which = () if commit else usual_branch(heads(git, str(source)))
    git.run("clone", "-q", "--no-hardlinks", "--no-checkout", *which, "--", str(source), ".")
    if commit is None:  # it comes from somewhere else than this machine's own archive
        where = without_credentials(str(source))
        try:
            _see_that_there_is_one(git, where)
            see_that_it_is_an_archive(git, "HEAD", archive, where)
        except SettingsError:
            forget(archive)
            raise
    git.keep_every_byte()
    git.run("checkout", "-q", "-B", git.branch(), commit or "HEAD")
    if commit:  # a state of the past is not to be pushed over the present
        git.run("remote", "remove", "origin")


BRANCH = "main"  # the one on which every archive begins


def heads(git: Git, remote: str) -> list[str]:
    """The branches of a repository."""
    return git.run("ls-remote", "--heads", "--", remote).split()[1::2]


def usual_branch(branches: list[str]) -> tuple[str, ...]:
    """What says to `git clone` which branch; a host, and a bare repository, may call another one the usual one."""
    return ("--branch", BRANCH) if f"refs/heads/{BRANCH}" in branches else ()


def _see_that_there_is_one(git: Git, where: str) -> None:
    if git.head() is None:
        raise SettingsError(f"{where} is empty: there is no archive in it. Nothing was kept here; name another one.")


def forget(archive: Archive) -> None:
    """Empty a folder again into which a clone was made, so that the same command can be typed once more."""
    for path in archive.root.iterdir():
        shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
