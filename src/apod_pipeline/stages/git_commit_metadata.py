"""Versions in, commits out: only the metadata files, by path; pushed when there is a remote, never by force.

Takes a sealed version whose objects are on the DVC remote; gives a commit whose date is the version's instant. Never
commits data, never changes the user's configuration, never commits when nothing changed.
"""

from __future__ import annotations

import datetime as dt
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from apod_pipeline import __version__
from apod_pipeline.archive.folder import Archive
from apod_pipeline.archive.kill_points import kill_point
from apod_pipeline.errors import PushRejected
from apod_pipeline.model import in_plain_words
from apod_pipeline.versioning.committed_ledger import grown, sealed_and_uncommitted
from apod_pipeline.versioning.git import NO_SUCH_NAME, Git, GitFailed, commit_page, without_credentials
from apod_pipeline.versioning.remote_tree import see_that_it_is_an_archive

SUBJECT = "Update DVC metadata: {path}"
REMOTE = "origin"
PAUSES = (0.2, 0.6, 1.8)
NOTHING_TO_COMMIT = 1  # how commit ends then; also where a hook refuses
METADATA = (
    *(
        ".gitignore",
        ".gitattributes",
        ".dvcignore",
        ".dvc/config",
        ".dvc/.gitignore",
        "data/.gitignore",
    ),
    *("data/raw.dvc", "apod.toml", "CHANGELOG.md", "SHA256SUMS"),
)
FOLDERS = ("data/ledger", "data/reports")  # of which every file is ours, killed writers' halves aside


@dataclass(eq=False, repr=False)
class GitPublisher:
    """Git over one archive.

    Attributes:
        archive: the folder, a repository of its own.
        author: `Name <mail>`; also the committer.
        remote: where commits are pushed; None keeps them here.
    """

    archive: Archive
    author: str
    remote: str | None = None
    _prepared: tuple[int, ...] | None = None

    @property
    def git(self) -> Git:
        """The archive's repository."""
        return Git(self.archive.root)

    def head(self) -> str | None:
        """The newest commit; None before the first."""
        return self.git.head() if self.git.exists else None

    def page(self, commit: str | None) -> str | None:
        """A commit's page on the remote's site, as the common hosts lay it out; None for a remote without one."""
        return commit_page(self.remote, commit)

    def prepare(self) -> None:
        """Make the archive a repository where it is none, and let `origin` be the remote of the settings."""
        if not self.git.exists:
            self.git.run("init", "-q", "-b", "main", ".")
        self.git.protect()
        self.git.release_index()
        if self._prepared is None or self._prepared != self._stamp():
            self._see_to_remote()
            self._prepared = self._stamp()

    def _see_to_remote(self) -> None:
        if not self.remote:
            self.git.run("remote")  # asked all the same: git says so where the repository is not ours
            return
        try:
            known = self.git.run("config", "--get", f"remote.{REMOTE}.url").strip()
        except GitFailed as error:
            if error.code != NO_SUCH_NAME:
                raise
            self.git.run("remote", "add", REMOTE, self.remote)
        else:
            if known != self.remote:
                self.git.run("remote", "set-url", REMOTE, self.remote)

    def _stamp(self) -> tuple[int, ...] | None:
        """What tells that nobody has written to the repository's settings since; None where they lie elsewhere."""
        try:
            told = (self.archive.root / ".git" / "config").stat()
        except OSError:
            return None
        return told.st_mtime_ns, told.st_size, told.st_ino

    def protect(self) -> None:
        """See that the repository, where there is one, says by itself what is kept."""
        if self.git.exists:
            self.git.protect()

    def commit(self, at: dt.datetime, summary: list[str], subject: str | None = None, run: str = "") -> str | None:
        """Commit the metadata files; gives the commit, None where nothing changed.

        Args:
            at: the version's instant; author's and committer's date.
            summary: the lines of the body: what changed.
            subject: the first line, where it is not the design document's.
            run: the name of the run that made it: the same as in logs, traces and the table of runs.
        """
        self.prepare()
        paths = self._paths()
        self.git.run("add", "-f", "--", *paths)  # whatever a list of names to ignore may say of ours
        subject = subject or SUBJECT.format(path=self.archive.relative(Path(f"{self.archive.csv}.dvc")))
        trailers = "\n".join(
            [f"Code-Version: {code_version()}", *([f"Run: {in_plain_words(run, 200)}"] if run else [])]
        )
        message = "\n\n".join([subject, *(["\n".join(summary)] if summary else []), trailers])
        try:
            told = self.git.run("commit", "--no-verify", "-m", message, "--only", "--", *paths, env=self._identity(at))
        except GitFailed as error:
            if error.code == NOTHING_TO_COMMIT and self._is_committed(paths):
                return None
            raise
        kill_point("committed")
        found = re.match(r"\[.* ([0-9a-f]{40,64})\] ", told)
        return found[1] if found else self.git.head()

    def _is_committed(self, paths: list[str]) -> bool:
        return self.git.head() is not None and self.git.succeeds("diff", "--cached", "--quiet", "--", *paths)

    def unstage(self, paths: Sequence[Path]) -> None:
        """Let the index say of files what the newest commit says."""
        self.git.run("reset", "-q", "--", *map(self.archive.relative, paths))

    def ledger_waits(self) -> bool:
        """True when the ledger holds lines that no commit holds yet."""
        if not self.git.exists:
            return False
        changed = self.git.run("status", "--porcelain", "-uall", "--", "data/ledger").strip()
        return bool(changed or grown(self.archive))

    def lacks_sealed_lines(self) -> bool:
        """True when the ledger holds lines of a version that the newest commit lacks."""
        return self.git.exists and bool(sealed_and_uncommitted(self.archive))

    def tag(self, name: str, at: dt.datetime, message: list[str]) -> None:
        """Make an annotated tag of the newest commit, and push it where there is a remote; never over another one.

        Raises:
            GitFailed: the name is taken, here or on the remote; no tag is left here then.
        """
        self.git.run("tag", "-a", name, "--cleanup=whitespace", "-m", "\n".join(message), env=self._identity(at))
        if not self.remote:
            return
        try:
            self.git.run("push", "-q", REMOTE, f"refs/tags/{name}")
        except GitFailed:
            self.git.run("tag", "-d", name)
            raise

    def push(self) -> bool:
        """Push to the remote; False where none is set.

        Raises:
            PushRejected: the remote has versions that we have not.
            SettingsError: it holds something else than an archive; nothing was sent.
            GitFailed: the remote could not be reached, or refuses us.
        """
        if not self.remote:
            return False
        self.prepare()
        branch = self.git.branch()
        if new := self.archive.marks().pushed_to != self.remote:
            self._see_whose_it_is(branch)
        for pause in (*PAUSES, None):
            try:
                self.git.run("push", "-q", REMOTE, f"HEAD:refs/heads/{branch}")
                break
            except GitFailed as error:
                if self._behind(branch):
                    raise PushRejected(f"{REMOTE}/{branch}") from error
                if pause is None or not re.search(r"cannot lock ref|failed to update ref", error.said):
                    raise
                time.sleep(pause)  # somebody is writing the branch: soon we are behind, or may try again
        if new:
            self.git.run("push", "-q", REMOTE, "--tags")
        kill_point("git-pushed")
        return True

    def _see_whose_it_is(self, branch: str) -> None:
        """Nothing, where a remote that we never pushed to is empty, or has our branch, or is an archive's."""
        try:
            there = self.git.run("ls-remote", "--heads", REMOTE).split()[1::2]
        except GitFailed:
            return  # it is away: what the push says tells more
        if f"refs/heads/{branch}" in there:
            return  # whose that is shows when it does not take our commits
        for head in there:
            self.git.run("fetch", "-q", REMOTE, head)
            see_that_it_is_an_archive(self.git, "FETCH_HEAD", self.archive, without_credentials(str(self.remote)))

    def _behind(self, branch: str) -> bool:
        """True when the remote's branch holds a commit that ours does not; a question to it, not to git's words."""
        try:
            tip = self.git.run("ls-remote", REMOTE, f"refs/heads/{branch}").partition("\t")[0]
        except GitFailed:
            return False  # it is away: what the push said tells more
        return bool(tip) and not self.git.succeeds("merge-base", "--is-ancestor", tip, "HEAD")

    def _paths(self) -> list[str]:
        root = self.archive.root
        pointers = [self.archive.relative(path) for path in sorted(root.glob("data/*/*.dvc"))]
        pointers += [self.archive.relative(path) for path in sorted(root.glob("data/*/.gitignore"))]
        lines = [file for folder in FOLDERS for file in sorted((root / folder).rglob("[!.]*")) if file.is_file()]
        return [
            *pointers,
            *(path for path in METADATA if (root / path).is_file()),
            *(self.archive.relative(file) for file in lines),
        ]

    def _identity(self, at: dt.datetime) -> dict[str, str]:
        name, mail = self.author[:-1].split(" <")
        date = at.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S+00:00")
        return {
            f"GIT_{role}_{what}": value
            for role in ("AUTHOR", "COMMITTER")
            for what, value in (("NAME", name), ("EMAIL", mail), ("DATE", date))
        }


@cache  # of what was loaded, whatever becomes of the checkout; git looks at every file of it
def code_version() -> str:
    """The code that makes a version: the package's version, and the commit where it runs from a checkout."""
    checkout = Path(__file__).resolve().parents[3]
    if not ((checkout / ".git").exists() and (checkout / "src" / "apod_pipeline").is_dir()):
        return __version__
    try:
        told = Git(checkout).run("describe", "--always", "--dirty", "--abbrev=12", "--exclude=*").strip()
    except GitFailed:
        return __version__
    return f"{__version__}+g{told.replace('-dirty', '.dirty')}"
