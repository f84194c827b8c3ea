"""What the tree of another archive's commit holds, and what of it may come into this one.

Takes commits of one repository; gives what their trees hold, and a commit in which the user's own files stay. What
comes with a pull is data, not orders: settings, secrets and links in it are refused. Only `stand` touches the folder,
and never what is the user's in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import NamedTuple

from apod_pipeline.archive.folder import Archive
from apod_pipeline.errors import SettingsError
from apod_pipeline.versioning.git import Git

OWN = (
    *("data/ledger/*", "data/reports/*", "data/raw.dvc", "data/*/*.dvc", "data/.gitignore"),
    *("data/*/.gitignore", ".dvc/*", ".dvcignore", "CHANGELOG.md", "SHA256SUMS"),
)
EDITED = ("apod.toml", ".gitignore")  # the user's, and committed with the next version as they stand
OURS = ".dvc/config"
ORDERS = (".apod", ".apod/*", ".dvc/config.local", ".dvc/cache/*", ".dvc/tmp/*", ".env")
LINKS = {"120000", "160000"}
PLACES = {"data", ".dvc", ".apod", *EDITED}
POINTER = {"outs", "md5", "size", "nfiles", "hash", "path", "desc"}
SHOWN = 5


class Entry(NamedTuple):
    """One file of a tree: its mode and its blob."""

    mode: str
    blob: str


Tree = dict[str, Entry]


def tree_of(git: Git, commit: str | None) -> Tree:
    """Every file of a commit by its path; none of no commit."""
    if commit is None:
        return {}
    said = git.output("ls-tree", "-r", "-z", "--full-tree", commit).decode(errors="surrogateescape")
    records = (record.partition("\t") for record in said.split("\0") if record)
    return {path: Entry(head.split()[0], head.split()[2]) for head, _, path in records}


def is_own(path: str) -> bool:
    """Whether a file is the archive's own: made by it, and never the user's."""
    return any(fnmatch(path, pattern) for pattern in OWN)


def named(paths: Iterable[str]) -> str:
    """Some paths in a sentence."""
    every = sorted(paths)
    more = f" and {len(every) - SHOWN} more" if len(every) > SHOWN else ""
    return ", ".join(every[:SHOWN]) + more


def see_that_it_is_an_archive(git: Git, commit: str, archive: Archive, where: str) -> None:
    """Nothing, where a commit is one of an archive of the same data set, and holds nothing that is not to come in.

    Args:
        git: the repository that has the commit.
        commit: theirs.
        archive: ours.
        where: it comes from, to be named.

    Raises:
        SettingsError: it is something else. Nothing was touched, here or there.
    """
    tree = tree_of(git, commit)
    told = f"{where} holds {named(_tops(tree)) or 'nothing'}"
    do = (
        "Nothing was touched, here or there; set APOD_GIT_REMOTE to an empty repository for this archive (`git init "
        "--bare FOLDER` creates one), then type the same command again."
    )
    pointer = archive.relative(Path(f"{archive.csv}.dvc"))
    others = [path for path in tree if fnmatch(path, "data/processed/*_data.csv.dvc") and path != pointer]
    if not any(path.startswith("data/ledger/") for path in tree):
        raise SettingsError(f"{told}: that is not an archive. {do}")
    if others and pointer not in tree:
        raise SettingsError(f"{told}: that is an archive of another data set ({named(others)}). {do}")
    orders = {path for path in tree if any(fnmatch(path, pattern) for pattern in ORDERS)}
    orders |= {path for path, entry in tree.items() if entry.mode in LINKS and path.split("/")[0] in PLACES}
    orders |= {path for path in tree if "\n" in path}
    pointers = [path for path in tree.keys() - orders if path == "data/raw.dvc" or fnmatch(path, "data/*/*.dvc")]
    bodies = git.blobs([f"{commit}:{path}" for path in pointers])
    orders |= {path for path, body in zip(pointers, bodies, strict=True) if not _points_beside(path, body or b"")}
    if orders:
        raise SettingsError(
            f"{where} holds {named(orders)}: settings, secrets and whatever leads elsewhere are not taken over. "
            "Nothing was touched, here or there; where they were committed, take them out (`git rm --cached "
            f"{min(orders)}`), commit and push, then type the same command again."
        )


def _points_beside(path: str, pointer: bytes) -> bool:
    """Whether a `.dvc` file tells of the file or folder beside it, by its hash, and orders nothing else."""
    lines = [line.strip(" -").partition(":") for line in pointer.decode(errors="replace").split("\n") if line.strip()]
    words = [(word, value.strip()) for word, _, value in lines]
    files = [value for word, value in words if word == "path"]
    lists = [value for word, value in words if word == "outs"]
    return (
        {word for word, _ in words} <= POINTER
        and [name.strip("'") for name in files] in ([], [Path(path).stem])
        and not any(lists)
    )


def _tops(tree: Tree) -> set[str]:
    return {path.partition("/")[0] + ("/" if "/" in path else "") for path in tree}


@dataclass(frozen=True, eq=False, repr=False)
class Sides:
    """Two commits of an archive's repository: ours, where it stands, and theirs, where it is to stand.

    Attributes:
        git: the repository.
        base: the commit that both have come from; None without any.
        ours: where the archive stands.
        theirs: where it is to stand.
    """

    git: Git
    base: str | None
    ours: str
    theirs: str

    def kept(self, again: str) -> dict[str, Entry | None]:
        """The user's files that are to stay as they are here, None for those that are to stay away.

        Args:
            again: what to type when what is in the way is gone.

        Raises:
            SettingsError: naming the files that both sides changed differently. Nothing was touched.
        """
        base, theirs = tree_of(self.git, self.base), tree_of(self.git, self.theirs)
        ours = tree_of(self.git, self.ours)
        here = ours | dict(self._as_they_stand(ours))
        kept: dict[str, Entry | None] = {}
        both: list[str] = []
        for path in sorted(path for path in {*base, *here, *theirs} if not is_own(path)):
            was, is_here, is_there = base.get(path), here.get(path), theirs.get(path)
            if is_here in (is_there, was):
                continue
            if is_there != was:
                both.append(path)
            kept[path] = is_here
        if both:
            self._stop(both, "were changed here and there, differently", again)
        self._see_to_edits(ours, theirs | {path: entry for path, entry in kept.items() if entry}, again)
        if OURS in ours and ours[OURS] != theirs.get(OURS):
            kept[OURS] = ours[OURS]
        return kept

    def as_they_are(self) -> dict[str, Entry | None]:
        """The user's files of our commit, and those that it has not, where their commit says otherwise."""
        ours, theirs = tree_of(self.git, self.ours), tree_of(self.git, self.theirs)
        here = ours | dict(self._as_they_stand(ours))
        paths = [path for path in {*here, *theirs} if not is_own(path) or path == OURS]
        return {path: here.get(path) for path in sorted(paths) if here.get(path) != theirs.get(path)}

    def _as_they_stand(self, ours: Tree) -> Iterator[tuple[str, Entry]]:
        """What will be committed with the next version, as it is in the working folder."""
        for path in EDITED:
            if (self.git.root / path).is_file():
                blob = self.git.run("hash-object", "-w", "--", path).strip()
                yield path, Entry(ours[path].mode if path in ours else "100644", blob)

    def _see_to_edits(self, ours: Tree, after: Tree, again: str) -> None:
        """Stop where a file would be replaced that was edited here, or made, and not committed."""
        said = self.git.output("diff", "--name-only", "-z", "HEAD").decode(errors="surrogateescape")
        edited = [path for path in said.split("\0") if path and not is_own(path) and path not in EDITED]
        lost = [path for path in edited if after.get(path) != ours.get(path)]
        new = [path for path in after if path not in ours and not is_own(path) and path not in EDITED]
        lost += [path for path in new if self._stands(path) and self._blob_of(path) != after[path].blob]
        if lost:
            self._stop(lost, "were changed here without a commit, and otherwise there", again)

    def _stands(self, path: str) -> bool:
        place = self.git.root / path
        return place.exists() or place.is_symlink()

    def _blob_of(self, path: str) -> str | None:
        place = self.git.root / path
        return self.git.run("hash-object", "--", path).strip() if place.is_file() else None

    def _stop(self, paths: list[str], what: str, again: str) -> None:
        there, root = tree_of(self.git, self.theirs), self.git.root
        words = " ".join(f"'{path}'" for path in paths)
        taken = " ".join(f"'{path}'" for path in paths if path in there)
        gone = " ".join(f"'{path}'" for path in paths if path not in there)
        do = [f"git -C {root} checkout {self.theirs[:12]} -- {taken}"] if taken else []
        do += [f"git -C {root} rm -q -f -- {gone}"] if gone else []
        do.append(f"git -C {root} commit -q -m 'Take theirs' -- {words}")
        raise SettingsError(
            f"{named(paths)} in {root} {what}. Nothing was touched, here or there. Keep a copy of yours elsewhere, "
            f"take theirs (`{' && '.join(do)}`), then type `{again}` again; yours can be put back afterwards."
        )

    def commit_with(self, kept: Mapping[str, Entry | None], at: str) -> str:
        """Their commit, or one on top of it in which some files are as they are here; only the repository grows.

        Args:
            kept: what `kept` gave.
            at: the date of a new commit, as Git writes it.
        """
        if not kept:
            return self.theirs
        index = {"GIT_INDEX_FILE": str(self.git.root / ".git" / "apod-kept-index")}
        self.git.run("read-tree", self.theirs, env=index)
        lines = (
            f"{entry.mode} {entry.blob}\t{path}\0" if entry else f"0 {'0' * len(self.theirs)}\t{path}\0"
            for path, entry in kept.items()
        )
        said = "".join(lines).encode(errors="surrogateescape")
        self.git.output("update-index", "-z", "--index-info", env=index, said=said)
        tree = self.git.run("write-tree", env=index).strip()
        Path(index["GIT_INDEX_FILE"]).unlink()
        message = f"Keep what was committed here: {named(kept)}"
        return commit_tree(self.git, tree, [self.theirs], message, at, self.ours)

    def stand(self, target: str) -> None:
        """Let the repository and its working folder stand at a commit; what is the user's and not committed stays.

        The archive's own files become those of the commit: who calls has kept what he needs of them.

        Raises:
            GitFailed: something of the user's is in the way after all; the user's files were not touched.
        """
        own = [path for path in tree_of(self.git, "HEAD") if is_own(path)]
        if own:
            self.git.run("checkout", "-q", "HEAD", "--", *own)
        after = tree_of(self.git, target)
        for path in self._untracked():
            # Of the user's only what comes back with the commit, to the letter.
            same = path in after and (is_own(path) or path in EDITED or self._blob_of(path) == after[path].blob)
            if same or fnmatch(path, "data/ledger/*.jsonl"):
                (self.git.root / path).unlink()
        there = [path for path in EDITED if self._stands(path)]
        if there:
            self.git.run("add", "-f", "--", *there)
        self.git.run("reset", "-q", "--keep", target)

    def _untracked(self) -> list[str]:
        said = self.git.output("ls-files", "--others", "--exclude-standard", "-z").decode(errors="surrogateescape")
        return [path for path in said.split("\0") if path]


def commit_tree(git: Git, tree: str, parents: list[str], message: str, at: str, like: str) -> str:
    """A commit of a tree, by the author of another commit; gives its hash. No branch moves."""
    name, mail = git.run("log", "-1", "--format=%an%n%ae", like).rstrip("\n").split("\n")
    said = (("NAME", name), ("EMAIL", mail), ("DATE", at))
    who = {f"GIT_{role}_{what}": value for role in ("AUTHOR", "COMMITTER") for what, value in said}
    words = [word for parent in parents for word in ("-p", parent)]
    return git.run("commit-tree", tree, *words, "-m", message, env=who).strip()
