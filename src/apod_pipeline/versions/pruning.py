"""Versions thinned out: files of earlier versions leave DVC's cache and remote, once this program has made them again.

Takes a wired pipeline, DVC's objects and which versions are to stay; gives what went. Never the newest version, a
tagged one, one that another branch names or that is not pushed yet; never what could not be made again, hash by hash;
and nothing before the ledger's line that says so is committed and pushed. A kill anywhere leaves objects too many, and
the next time they go.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from apod_pipeline.archive.folder import Archive
from apod_pipeline.archive.kill_points import kill_point
from apod_pipeline.archive.packs import hashes_in, packs_in
from apod_pipeline.archive.processed import Rows, write_all
from apod_pipeline.archive.replies import SCRATCH
from apod_pipeline.errors import ArchiveDamaged, SettingsError
from apod_pipeline.model import Outcome
from apod_pipeline.run.pipeline import Pipeline
from apod_pipeline.settings.keeping import Keep
from apod_pipeline.versioning.git import Git
from apod_pipeline.versions.commits import pointer_hashes
from apod_pipeline.versions.groups import Group, groups
from apod_pipeline.versions.objects import DvcObjects, md5
from apod_pipeline.versions.remaking import Remaking
from apod_pipeline.versions.thinned import Thinned, derivable, thinned, write_down

AT_ONCE = 7  # versions that a daily run waits for: each time takes a derivation of everything, and a commit
SUBJECT = "Thin out earlier versions"


@dataclass
class Pruned:
    """What was done, or would be.

    Attributes:
        versions: how many versions of the data there are.
        kept: how many of them stay as files.
        thinned: how many were thinned out now.
        before: how many were already.
        objects: how many files left cache and remote; of a dry run, how many would.
        bytes: their size, cache and remote together.
        not_made: commits whose files cannot be made as they were, and stay.
        dry_run: nothing was done, and nothing was made again.
    """

    versions: int = 0
    kept: int = 0
    thinned: int = 0
    before: int = 0
    objects: int = 0
    bytes: int = 0
    not_made: list[str] = field(default_factory=list)
    dry_run: bool = False

    def as_json(self) -> dict[str, Any]:
        """As `--json` prints it."""
        return asdict(self)


@dataclass(frozen=True)
class Pruning:
    """The thinning of one archive.

    Attributes:
        pipeline: wired.
        objects: what DVC keeps.
        git_remote: where commits are pushed; None keeps them here.
        progress: is told how many versions were made again, and of how many.
    """

    pipeline: Pipeline
    objects: DvcObjects
    git_remote: str | None = None
    progress: Callable[[int, int], object] = max

    @property
    def archive(self) -> Archive:
        """The folder."""
        return self.pipeline.archive

    def prune(self, keep: Keep, *, dry_run: bool = False) -> Pruned:
        """Thin out what need not stay.

        Args:
            keep: which versions are to stay.
            dry_run: only tell what would go.

        Raises:
            ArchiveDamaged: the newest version itself cannot be made as it is; nothing was changed.
            SettingsError: there is no version yet.
        """
        with self.pipeline.held():
            outcome = Outcome("prune", "prune", self.pipeline.now())
            self.pipeline.resume(outcome)
            return self.thin_out(keep, outcome, dry_run=dry_run)

    def thin_out(self, keep: Keep, outcome: Outcome, *, least: int = 1, dry_run: bool = False) -> Pruned:
        """The same, of an archive that is held and whose versions are all published.

        Args:
            keep: which versions are to stay.
            outcome: of whoever asks.
            least: do nothing where fewer would go.
            dry_run: only tell.
        """
        versions, told = groups(self.archive), thinned(self.archive)
        if not versions:
            raise SettingsError(f"{self.archive.root} has no version yet. Nothing was changed; type: apod run")
        stay = keep.kept(versions) | self._protected(versions)
        needed = {oid for one in versions if one.commit in stay for oid in one.objects}
        going = [one for one in versions if not {one.commit} & {*stay, *told} and one.objects - needed]
        before = sum(one.commit in told for one in versions)
        done = Pruned(len(versions), len(versions) - before - len(going), before=before, dry_run=dry_run)
        if dry_run:
            done.thinned, sizes = len(going), {oid: size for one in going for oid, size in one.sizes.items()}
            done.objects, done.bytes = len(sizes.keys() - needed), 2 * sum(sizes[oid] for oid in sizes.keys() - needed)
        elif least == 1 or len(going) >= least:
            made = [*self._made(going, needed, done)]
            write_down(self.archive, made, self.pipeline.now())
            kill_point("thinned-told")
            if self.pipeline.publisher.ledger_waits():  # also lines of one that was killed before he committed them
                self.pipeline.publishing.commit_ledger(outcome, SUBJECT)
            elif self.git_remote and self.archive.marks().pushed != (head := self.pipeline.publisher.head()):
                self.archive.advance(commit=head)  # killed before he pushed them
                self.pipeline.publishing.push(outcome)
            self._let_go(done, {oid for one in made for oid in one.objects})
        return done

    # ---- which -------------------------------------------------------------------------------
    def _protected(self, versions: Sequence[Group]) -> set[str]:
        """Versions that stay whatever was typed: tagged, named by another branch, or not pushed."""
        git, marks = Git(self.archive.root), self.archive.marks()
        branch = git.branch()
        ours = {f"refs/heads/{branch}", f"refs/remotes/origin/{branch}", "refs/remotes/origin/HEAD"}
        lines = (line.split(" ", 1) for line in git.run("show-ref", "--dereference").splitlines())
        named = {commit for commit, ref in lines if ref not in ours}
        if self.git_remote and marks.pushed_to == self.git_remote and marks.pushed:
            named |= set(git.run("rev-list", f"{marks.pushed}..HEAD").split())
        elif self.git_remote:
            return {version.commit for version in versions}
        return {version.commit for version in versions if not named.isdisjoint(version.commits)}

    # ---- made again --------------------------------------------------------------------------
    def _made(self, going: Sequence[Group], needed: set[str], done: Pruned) -> Iterator[Thinned]:
        """Versions that were made again just as they are, from the newest to the oldest."""
        if not going:
            return
        with tempfile.TemporaryDirectory(prefix=SCRATCH, dir=self.archive.private) as name:
            self._see_that_the_newest_is_derived(Path(name, "newest"))
            remaking = Remaking(self.archive, Path(name, "made"))
            for number, one in enumerate(reversed(going), 1):
                made = remaking.at(one.at)
                files = {made.csv: one.csv, made.parquet: one.parquet} if made else {}
                same = {oid for path, oid in files.items() if oid and md5(path) == oid}
                self.progress(number, len(going))
                if made is None or one.objects - same:
                    done.not_made.append(one.commit)
                    done.kept += 1
                    continue
                done.thinned += 1
                csv, parquet = (oid if oid not in needed else None for oid in (one.csv, one.parquet))
                yield from (Thinned(commit, one.at, csv, parquet, made.content) for commit in one.commits)

    def _see_that_the_newest_is_derived(self, folder: Path) -> None:
        """All others are made from the newest version: that one is first derived from replies and ledger alone."""
        derivation, there = self.pipeline.derivation, Archive(folder, self.archive.dataset)
        known = self.pipeline.ledger.known(self.pipeline.ledger.versions()[-1].lines)
        there.csv.parent.mkdir(parents=True)
        with Rows(folder / "rows.jsonl", self.archive.dataset.columns) as rows:
            refused = derivation.fill(rows, known, known.first_line.keys())
            write_all(there, rows, keep=False)
        kept = pointer_hashes(self.archive)
        for path, made in ((self.archive.csv, there.csv), (self.archive.parquet, there.parquet)):
            if refused or not md5(made) == md5(path) == kept.get(self.archive.relative(path)):
                raise ArchiveDamaged(
                    f"{path.name} of the newest version is not what replies and ledger give today, so no earlier "
                    "version could be relied on to be made again. Nothing was changed; `apod verify` names what differs"
                )

    # ---- let go ------------------------------------------------------------------------------
    def _let_go(self, done: Pruned, made: set[str]) -> None:
        """Remove what need not be kept: from the cache, and from the remote; of packed replies the cache's copies."""
        gone = derivable(self.archive)
        left = self.objects.present(gone - made)  # of a run that was killed, or told of by another machine
        removed = self.objects.remove(gone & (made | self._proved(left)))
        packed = {oid for pack in packs_in(self.archive.raw) for oid in hashes_in(pack, "md5").values()}
        here = {oid for oid in packed if self.objects.place(oid).exists()}
        removed |= self.objects.remove(here - self.objects.missing_there(here), only_here=True)
        done.objects, done.bytes = len(removed), sum(removed.values())

    def _proved(self, oids: set[str]) -> set[str]:
        """Those of some objects that this program makes again, whoever wrote down that it can be done."""
        if not oids:
            return set()
        told = sorted((one for one in thinned(self.archive).values() if one.objects & oids), key=lambda one: one.at)
        proved: set[str] = set()
        with tempfile.TemporaryDirectory(prefix=SCRATCH, dir=self.archive.private) as name:
            self._see_that_the_newest_is_derived(Path(name, "newest"))
            remaking = Remaking(self.archive, Path(name, "made"))
            for one in reversed(told):
                if made := remaking.at(one.at):
                    proved |= {md5(made.csv), md5(made.parquet)}
        return proved & oids
