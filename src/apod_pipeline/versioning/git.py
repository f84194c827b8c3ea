"""Git, through its own command: what is run, in which folder, and what it said.

Takes arguments, gives standard output. Never asks a person for a password, never changes anybody's configuration nor
lets it decide what is kept, never forces, never takes a lock away from a git that lives. Git's own guard holds: a
repository that belongs to somebody else is refused. Operations are logged without credentials.
"""

from __future__ import annotations

import logging
import re
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from apod_pipeline.errors import VersioningError
from apod_pipeline.versioning.git_locks import released
from apod_pipeline.versioning.git_settings import WORDS, environment, keep_every_byte, settle, settled

log = logging.getLogger(__name__)

NETWORK_SECONDS = 600
NO_SUCH_NAME = 1  # how rev-parse and config end
BRANCH = "ref: refs/heads/"
NO_FILE = ".invalid"  # what a repository writes there that keeps its branches elsewhere


class GitFailed(VersioningError):
    """Git ended with an error; `said` holds its own words, `code` how it ended."""

    def __init__(self, command: str, said: str, code: int = 128) -> None:
        super().__init__(
            f"git {command}: {said or 'failed without a message'}. The archive's files and tables are complete, and "
            "nothing that was committed is lost; fix what git names, then type the same command again."
        )
        self.said = said
        self.code = code


@dataclass(frozen=True, eq=False, repr=False)
class Git:
    """One repository's folder."""

    root: Path

    def run(self, *arguments: str, env: Mapping[str, str] | None = None) -> str:
        """Run one git command; gives what it printed, as text.

        Raises:
            GitFailed: with git's own words.
        """
        return self.output(*arguments, env=env).decode(errors="replace")

    def output(self, *arguments: str, env: Mapping[str, str] | None = None, said: bytes = b"") -> bytes:
        """Run one git command that is told something on its standard input; gives what it printed, byte for byte.

        Raises:
            GitFailed: with git's own words.
        """
        done = self._done(arguments, env or {}, said)
        answer = _words(done.stderr)
        if done.returncode and self._unlocked(answer):
            done = self._done(arguments, env or {}, said)
            answer = _words(done.stderr)
        log.info("git %s: %s", without_credentials(" ".join(arguments[:2])), answer or "done")
        if done.returncode:
            raise GitFailed(arguments[0], answer, done.returncode)
        return done.stdout

    def _unlocked(self, answer: str) -> bool:
        """True when a lock was in the way that a dead git had left, and is away now."""
        found = re.search(r"Unable to create '([^']+\.lock)': File exists", answer)
        path = Path(found[1]) if found else None
        return path is not None and path.is_relative_to(self.root / ".git") and released(path, self.root)

    def release_index(self) -> None:
        """Take the lock of a dead git away before somebody else than a git of ours stumbles over it: DVC."""
        lock = self.root / ".git" / "index.lock"
        if lock.exists():
            released(lock, self.root)

    def _done(
        self, arguments: Sequence[str], env: Mapping[str, str], said: bytes
    ) -> subprocess.CompletedProcess[bytes]:
        try:
            return subprocess.run(
                ["git", *WORDS, *arguments],
                cwd=self.root,
                env={**environment(), **env},
                input=said,
                capture_output=True,
                timeout=NETWORK_SECONDS,
                check=False,
            )
        except FileNotFoundError as error:
            raise GitFailed(arguments[0], "git is not installed: install it (apt-get install git)") from error
        except subprocess.TimeoutExpired as error:
            raise GitFailed(arguments[0], f"did not finish within {NETWORK_SECONDS} seconds") from error

    def succeeds(self, *arguments: str) -> bool:
        """True when a git command ends well; its words are not of interest."""
        try:
            self.run(*arguments)
        except GitFailed:
            return False
        return True

    def blobs(self, names: Sequence[str]) -> Iterator[bytes | None]:
        """What stands under each name (`<commit>:<path>`), in their order; None where there is nothing."""
        said = self.output("cat-file", "--batch", said="".join(f"{name}\n" for name in names).encode())
        place = 0
        for _ in names:
            end = said.index(b"\n", place)
            header, place = said[place:end].split(b" "), end + 1
            if header[-1] == b"missing":
                yield None
                continue
            size = int(header[-1])
            yield said[place : place + size]
            place += size + 1

    @property
    def exists(self) -> bool:
        """True when the folder itself is a repository, not one that lies in somebody else's, nor one half made."""
        inside = self.root / ".git"
        return inside.is_file() or all((inside / part).exists() for part in ("HEAD", "config", "objects", "refs"))

    def protect(self) -> None:
        """See that the repository says by itself what is kept, whatever its user's settings say.

        Raises:
            GitFailed: it is somebody else's.
        """
        if not settled(self.root):
            names = self.output("ls-files", "-z").split(b"\0")
            if any(name.startswith(b"../") for name in names) and self.head():
                self.run("read-tree", "HEAD")  # an archive behind a link had names in its index that lead out of it
            settle(self.root)

    def keep_every_byte(self) -> None:
        """See that a fresh clone of ours checks out every byte as it is; before anything is checked out."""
        keep_every_byte(self.root)

    def head(self) -> str | None:
        """The commit that HEAD points to; None before the first.

        Raises:
            GitFailed: git does not even look: the repository is damaged, or somebody else's.
        """
        try:
            return self.run("rev-parse", "--verify", "-q", "HEAD").strip()
        except GitFailed as error:
            if error.code != NO_SUCH_NAME:  # of a branch without a commit; words may be warnings, or a user's trace
                raise
            return None

    def branch(self) -> str:
        """The branch that HEAD is on."""
        with suppress(OSError, UnicodeDecodeError):
            told = (self.root / ".git" / "HEAD").read_text(encoding="utf-8").strip()
            if (name := told.removeprefix(BRANCH)) != told and name != NO_FILE:
                return name
        return self.run("symbolic-ref", "--short", "HEAD").strip()


def _words(said: bytes) -> str:
    return without_credentials(" ".join(said.decode(errors="replace").split()))


def without_credentials(text: str) -> str:
    """A text whose addresses hold no user and no password."""
    return re.sub(r"(\w+://)[^/\s]*@", r"\1***@", text)


def web_address(remote: str) -> str | None:
    """Where the pages of a remote repository are, by its address alone; None for one that is reached without a host.

    `git@host:me/apod.git`, `ssh://git@host:22/me/apod` and `https://host/me/apod.git` are all `https://host/me/apod`.
    """
    forms = (
        r"https?://(?:[^/@]*@)?(?P<host>[^/]+)/(?P<path>.+)",
        r"ssh://(?:[^/@]*@)?(?P<host>[^/:]+)(?::\d+)?/(?P<path>.+)",
        r"(?:[^/@]*@)?(?P<host>[^/:]{2,}):(?!//)/?(?P<path>.+)",
    )
    plain = remote.removesuffix("/").removesuffix(".git")
    found = next(filter(None, (re.fullmatch(form, plain) for form in forms)), None)
    scheme = "http" if remote.startswith("http://") else "https"
    return f"{scheme}://{found['host']}/{found['path']}" if found else None


def commit_page(remote: str | None, commit: str | None) -> str | None:
    """A commit's page on the remote's site, as the common hosts lay it out; None for a remote without one."""
    site = remote and web_address(remote)
    return f"{site}/commit/{commit}" if site and commit else None
