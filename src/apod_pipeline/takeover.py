"""Two archives that push to one remote: theirs was first, so theirs is taken over and ours comes on top.

Takes an archive whose push was rejected; gives one that stands at the remote's tip, with our readings appended
behind theirs, ready to be derived again. Never forces, never merges text: a ledger is a set of facts, and what both
sides were told is kept once. Our unpushed commit stays under `refs/apod/superseded/`.

Killed half-way it goes on where it stopped: what is ours is written down before anything of it is moved.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from apod_pipeline.archive import Archive, replacing, sha256
from apod_pipeline.git import Git
from apod_pipeline.known import Known, refusal_key
from apod_pipeline.ledger import Ledger

Line = dict[str, Any]


@dataclass(eq=False, repr=False)
class Takeover:
    """One archive, and how DVC's files are brought from its remote.

    Attributes:
        archive: the folder.
        fetch: brings what DVC tracks to where its `.dvc` files say.
        remote: Git's name of the remote.
    """

    archive: Archive
    fetch: Callable[[], None]
    remote: str = "origin"

    @property
    def _plan(self) -> Path:
        return self.archive.private / "takeover.json"

    @property
    def _aside(self) -> Path:
        return self.archive.private / "aside"

    @property
    def pending(self) -> bool:
        """True when a killed run left a takeover half-way."""
        return self._plan.exists()

    def begin(self) -> None:
        """Write down what is ours alone, and keep our commit."""
        git = Git(self.archive.root)
        branch = git.branch()
        git.run("fetch", "-q", self.remote, branch)
        tip = git.run("rev-parse", "FETCH_HEAD").strip()
        if head := git.head():
            git.run("update-ref", f"refs/apod/superseded/{head}", head)
        theirs = {_key(line) for line in self._lines_at(git, tip)}
        ours = [line for line in Ledger(self.archive).reply_lines() if _key(line) not in theirs]
        self._clear_aside()
        with replacing(self._plan) as file:
            file.write(json.dumps({"tip": tip, "lines": ours}).encode())

    def finish(self) -> int:
        """Stand at their tip with our lines behind; gives how many of ours said something that theirs did not."""
        plan = json.loads(self._plan.read_bytes())
        self._set_aside([line for line in plan["lines"] if "file" in line])
        # Before theirs come: who brings their files as they are says afterwards at which version they stand.
        self.archive.advance(derived=None, published=None, examined=0)
        Git(self.archive.root).run("reset", "-q", "--hard", plan["tip"])
        self.fetch()
        ledger = Ledger(self.archive)
        known = ledger.known()
        fresh = [line for line in (_unknown(known, line) for line in plan["lines"]) if line]
        ledger.append_lines([self._bring_back(line, known.replies) for line in fresh])
        self._plan.unlink()
        self._clear_aside()
        return len(fresh)

    def _lines_at(self, git: Git, commit: str) -> list[Line]:
        names = git.run("ls-tree", "--name-only", commit, "data/ledger/").split()
        shards = [name for name in names if name.startswith("data/ledger/replies-")]
        return [json.loads(line) for name in shards for line in git.run("show", f"{commit}:{name}").splitlines()]

    def _set_aside(self, lines: list[Line]) -> None:
        """Move our replies away, before theirs come; by their hash, because theirs may bear the same name."""
        self._aside.mkdir(parents=True, exist_ok=True)
        for line in lines:
            raw, kept = self.archive.raw / line["file"], self._aside / line["file"]
            if raw.exists() and not kept.exists() and sha256(raw) == line["sha256"]:
                raw.replace(kept)

    def _clear_aside(self) -> None:
        for left in self._aside.iterdir() if self._aside.exists() else ():
            left.unlink()

    def _bring_back(self, line: Line, theirs: Collection[str]) -> Line:
        """Put a reply of ours beside theirs; another one of the same name and second makes it change its name."""
        if "file" not in line or not (kept := self._aside / line["file"]).exists():
            return line
        stem, dot, suffix = line["file"].partition(".")
        name, number = line["file"], 1
        while name in theirs or (self.archive.raw / name).exists():
            number += 1
            name = f"{stem}_{number}{dot}{suffix}"
        # A copy: if we are killed before the end, the next try finds ours where it was.
        with replacing(self.archive.raw / name) as file:
            file.write(kept.read_bytes())
        return line | {"file": name}


def _key(line: Line) -> tuple[Any, ...]:
    return (line.get("sha256"), line["at"], tuple(line["asked"]), bool(line.get("replay")))


def _unknown(known: Known, line: Line) -> Line | None:
    """The part of a line of ours that they do not know, and that is not older than what they know."""
    if "file" not in line:
        return None if all(_asked(known, day) for day in line["asked"]) else line
    readings = {
        day: digest
        for day, digest in line.get("readings", {}).items()
        if known.digest(line["source"], day) != digest and not _newer(known, line, day)
    }
    refused = {
        day: why
        for day, why in line.get("refused", {}).items()
        if known.refusals_heard.get((line["source"], refusal_key(day, line["asked"]))) != why
    }
    absent = [day for day in line.get("absent", ()) if (line["source"], day) not in known.denied]
    if not (readings or refused or absent):
        return None
    rest = {name: value for name, value in line.items() if name not in {"readings", "refused", "absent"}}
    said = {"readings": readings, "refused": refused, "absent": absent}
    return rest | {name: value for name, value in said.items() if value}


def _newer(known: Known, line: Line, day: str) -> bool:
    held = known.held(line["source"], day)
    return held is not None and str(known.replies[held.file]["at"]) > str(line["at"])


def _asked(known: Known, day: str) -> bool:
    return any(str(span.first) <= day <= str(span.last) for span in known.asked)
