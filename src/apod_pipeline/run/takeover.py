"""Two archives that push to one remote: theirs was first, so theirs stays below and our versions come on top.

Takes an archive whose push was rejected; gives one that stands at the remote's tip, with our versions derived again
behind theirs, one by one, so that every state of ours stays a revision. Never forces, never merges text: a ledger is a
set of facts, and what both sides were told is kept once. What is no archive of the same data set, or has not begun as
this one did, is not taken over. Our unpushed commit stays under `refs/apod/superseded/`.

Killed half-way it goes on where it stopped: what is ours is written down before anything of it is moved.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from apod_pipeline.archive.folder import Archive
from apod_pipeline.archive.known import Version
from apod_pipeline.archive.ledger import Ledger
from apod_pipeline.archive.lines import append_lines, instant, parsed_lines, read_lines, timestamp
from apod_pipeline.archive.packs import copied_out
from apod_pipeline.archive.processed import Table
from apod_pipeline.archive.replies import Replies
from apod_pipeline.archive.text_files import write_json
from apod_pipeline.archive.writing import replacing, sha256
from apod_pipeline.errors import BeganApart, SettingsError
from apod_pipeline.run.derivation import Derivation
from apod_pipeline.run.replayed import Line, States, Step, Told, key, newest_again, unknown
from apod_pipeline.versioning.git import Git, without_credentials
from apod_pipeline.versioning.remote_tree import Sides, commit_tree, see_that_it_is_an_archive, tree_of

LEDGER = "data/ledger"


@dataclass(eq=False, repr=False)
class Takeover:
    """One archive, and how DVC's files are brought from its remote.

    Attributes:
        archive: the folder.
        fetch: brings what DVC tracks to where its `.dvc` files say.
        bring: sees that all which a commit's `.dvc` files name can be had, before anything is touched.
        remote: Git's name of the remote.
    """

    archive: Archive
    fetch: Callable[[], None]
    bring: Callable[[str], object] = len
    remote: str = "origin"

    @property
    def _plan(self) -> Path:
        return self.archive.private / "takeover.json"

    @property
    def _aside(self) -> Path:
        return self.archive.private / "aside"

    @property
    def _git(self) -> Git:
        return Git(self.archive.root)

    @property
    def pending(self) -> bool:
        """True when a killed run left a takeover half-way."""
        return self._plan.exists()

    # ---- before anything is touched ------------------------------------------------------
    def begin(self, *, join: bool = False) -> bool:
        """See whose the remote is, write down what is ours alone, and keep our commit.

        False where the remote holds nothing that we have not: then there is nothing to be taken over.

        Args:
            join: take over an archive of the same data set that began apart from this one, too.

        Raises:
            BeganApart: it is another archive of the same data set, and they are not to be joined.
            SettingsError: it is no archive of the same data set, or a file of the user's is in the way.
                Nothing was touched, here or there.
            VersioningError: the DVC remote lacks what theirs need; nothing was touched, either.
        """
        git, ours = self._git, self._git.head()
        where = without_credentials(git.run("config", f"remote.{self.remote}.url").strip())
        if ours is None or not git.run("ls-remote", self.remote, f"refs/heads/{git.branch()}"):
            empty = f"{where} holds no archive" if ours else f"{self.archive.root} has no version yet"
            raise SettingsError(f"{empty}, so there is nothing to join. Nothing was touched; type `apod run`.")
        git.run("fetch", "-q", self.remote, git.branch())
        tip = git.run("rev-parse", "FETCH_HEAD").strip()
        if git.succeeds("merge-base", "--is-ancestor", tip, ours):
            return False
        see_that_it_is_an_archive(git, tip, self.archive, where)
        shared = git.succeeds("merge-base", ours, tip)
        if not shared and not join:
            raise BeganApart(
                f"{where} is an archive of the same data set that was started separately from this one. Nothing was "
                "touched, here or there; `apod join` makes one archive of both and keeps every reply, state and commit "
                "of either. Or set APOD_GIT_REMOTE to an empty repository for this archive, or start from what is "
                "there: `apod recover archive --archive ANOTHER-FOLDER`."
            )
        base = git.run("merge-base", ours, tip).strip() if shared else None
        sides = Sides(git, base, ours, tip)
        kept = sides.kept("apod run" if shared else "apod join")
        target = sides.commit_with(kept, git.run("log", "-1", "--format=%cI", tip).strip())
        self.bring(tip)
        git.run("update-ref", f"refs/apod/superseded/{ours}", ours)
        self._clear_aside()
        plan = {"tip": tip, "target": target, "ours": ours, "join": not shared, "moved": False, "done": 0}
        self._write(plan | self._alone(tip))
        return True

    def _alone(self, tip: str) -> dict[str, Any]:
        """What our ledger holds and theirs does not: version by version, then what no version holds yet."""
        ledger, theirs = Ledger(self.archive), self._lines_at(tip)
        told = {key(line) for name, lines in theirs.items() if name.startswith("replies-") for line in lines}
        sealed = {(line["at"], line["run"]) for line in theirs.get("versions.jsonl", [])}
        versions = ledger.versions()
        mine = [version for version in versions if (timestamp(version.at), version.run) not in sealed]
        steps = [_step(version) for version in mine]
        rest: Step = {"at": None, "lines": [], "superseded": []}
        for number, line in enumerate(ledger.reply_lines()):
            if key(line) not in told:
                at = next((index for index, version in enumerate(mine) if number < version.lines), None)
                (rest if at is None else steps[at])["lines"].append(line)
        for state in ledger.superseded(versions):
            for step in steps:
                if step["at"] == state["to"]:
                    step["superseded"].append(state)
        return {"steps": [*steps, rest], "others": self._others(theirs)}

    def _others(self, theirs: dict[str, list[Line]]) -> dict[str, list[Line]]:
        """Lines of the ledger's other files that only we have."""
        others: dict[str, list[Line]] = {}
        for path in self.archive.ledger.glob("*.jsonl"):
            if not path.name.startswith(("replies-", "superseded-", "versions.")):
                known = theirs.get(path.name, [])
                others[path.name] = [line for line in read_lines(path) if line not in known]
        return others

    def _lines_at(self, commit: str) -> dict[str, list[Line]]:
        names = [
            name for name in tree_of(self._git, commit) if name.startswith(f"{LEDGER}/") and name.endswith(".jsonl")
        ]
        bodies = self._git.blobs([f"{commit}:{name}" for name in names])
        places = (Path(f"{commit[:12]}:{name}") for name in names)
        return {place.name: list(parsed_lines(body or b"", place)) for place, body in zip(places, bodies, strict=True)}

    def _write(self, plan: dict[str, Any]) -> None:
        with replacing(self._plan) as file:
            file.write(json.dumps(plan).encode())

    def _read(self) -> dict[str, Any]:
        plan: dict[str, Any] = json.loads(self._plan.read_bytes())
        if "steps" in plan:
            return plan
        rest = {"at": None, "lines": plan["lines"], "superseded": []}  # begun before versions were taken one by one
        whole = {"target": plan["tip"], "ours": plan["tip"], "join": False, "moved": False, "done": 0, "others": {}}
        return {**plan, **whole, "steps": [rest]}

    # ---- theirs ----------------------------------------------------------------------------
    def move(self) -> None:
        """Stand at their tip, with the user's files as they were here."""
        plan = self._read()
        if plan["moved"]:
            return
        self._set_aside([line for step in plan["steps"] for line in step["lines"] if "file" in line])
        # Before theirs come: who is killed meanwhile makes the files anew.
        self.archive.advance(derived=None, published=None, examined=0)
        Sides(self._git, None, plan["ours"], plan["tip"]).stand(plan["target"])
        ledger = Ledger(self.archive)
        versions = ledger.versions()
        if not versions:
            for path in (self.archive.csv, self.archive.json, self.archive.parquet):
                path.unlink(missing_ok=True)
        self.fetch()
        for name, lines in plan["others"].items():
            known = list(read_lines(self.archive.ledger / name))
            append_lines(self.archive.ledger / name, [line for line in lines if line not in known])
        if versions:
            self._mark(versions[-1])
        self._write(plan | {"moved": True})

    def _mark(self, last: Version) -> None:
        """Write down that the files are those of their last version: what old rules worded is kept by a revision."""
        rows = Table.of(self.archive).rows()
        write_json(self.archive.json, self.archive.dataset.columns, rows)
        self.archive.witness()
        self.archive.advance(
            derived=timestamp(last.at),
            rules=last.rules,
            preference=",".join(last.preference),
            fields=None,
            published=timestamp(last.at),
            commit=self._git.head(),
            entries=len(Table.of(self.archive)),
        )

    # ---- ours, on top ----------------------------------------------------------------------
    def replay(
        self,
        derivation: Derivation,
        run: str,
        now: Callable[[], dt.datetime],
        today: dt.date,
        publish: Callable[[], None],
    ) -> None:
        """Derive our versions again on top of theirs, one by one, and publish each.

        Args:
            derivation: of this archive; its ledger has forgotten what it knew before `move`.
            run: whose name is given to what no version of ours holds yet.
            now: the clock.
            today: the newest day that is due.
            publish: makes a commit of the last version, where none holds it yet.
        """
        plan = self._read()
        if derivation.seal_rules(run, now()):
            publish()
        for number, step in enumerate(plan["steps"]):
            if number < plan["done"]:
                continue
            self._tell_again(derivation.ledger, step, whole=plan["join"])
            if step["at"] is None:
                newest_again(derivation.ledger, [line for one in plan["steps"] for line in one["lines"]])
                derivation.seal_news(run, now(), today)
            else:
                derivation.seal_news(step["run"], instant(step["at"]), dt.date.fromisoformat(step["today"]))
                States(derivation, plan["steps"]).keep(step)
            publish()
            plan["done"] = number + 1
            self._write(plan)
        if plan["join"] and not self._git.succeeds("merge-base", "--is-ancestor", plan["ours"], "HEAD"):
            self._join(plan["ours"])

    def end(self) -> None:
        """Forget the plan: all of ours is on top of theirs."""
        self._plan.unlink()
        self._clear_aside()

    def _join(self, ours: str) -> None:
        """A commit of what stands now that has both histories before it."""
        git = self._git
        head, at = git.run("log", "-1", "--format=%H%n%cI").split()
        joined = commit_tree(git, f"{head}^{{tree}}", [head, ours], "Join two archives of one data set", at, ours)
        git.run("update-ref", "-m", "join", "HEAD", joined, head)

    def _tell_again(self, ledger: Ledger, step: Step, *, whole: bool) -> None:
        """Append what a version of ours told, and they do not know; a line at a time, as it was told."""
        known = ledger.known()
        present: set[Any] = set()
        told: Told = set()
        for line in ledger.reply_lines():
            present.add(key(line))
            told |= {(line["source"], *reading) for reading in line.get("readings", {}).items()}
        for line in step["lines"]:
            fresh = None if key(line) in present else unknown(known, told, line, whole=whole)
            if fresh:
                fresh = self._bring_back(fresh, known.replies)
                ledger.append_lines([fresh])
                known.add(fresh)
                told |= {(fresh["source"], *reading) for reading in fresh.get("readings", {}).items()}

    # ---- our replies ---------------------------------------------------------------------
    def _set_aside(self, lines: list[Line]) -> None:
        """Move our replies away, before theirs come; by their hash, because theirs may bear the same name."""
        self._aside.mkdir(parents=True, exist_ok=True)
        replies = Replies(self.archive)
        for line in lines:
            raw, kept = self.archive.raw / line["file"], self._aside / line["file"]
            if kept.exists():
                continue
            if raw.exists() and sha256(raw) == line["sha256"]:
                raw.replace(kept)
            elif pack := replies.packs.get(line["file"]):
                copied_out(pack, line, kept)

    def _clear_aside(self) -> None:
        for left in self._aside.iterdir() if self._aside.exists() else ():
            left.unlink()

    def _bring_back(self, line: Line, theirs: Collection[str]) -> Line:
        """Put a reply of ours beside theirs; another one of the same name and second makes it change its name."""
        if "file" not in line or not (kept := self._aside / line["file"]).exists():
            return line
        stem, dot, suffix = line["file"].partition(".")
        name, number = line["file"], 1
        while name in theirs or self._is_another(name, line):
            number += 1
            name = f"{stem}_{number}{dot}{suffix}"
        # A copy: if we are killed before the end, the next try finds ours where it was.
        with replacing(self.archive.raw / name) as file:
            file.write(kept.read_bytes())
        return line | {"file": name}

    def _is_another(self, name: str, line: Line) -> bool:
        """Whether a name is taken by another reply than this one, which a killed run may have put there already."""
        place = self.archive.raw / name
        return place.exists() and sha256(place) != line["sha256"]


def _step(version: Version) -> Step:
    return {
        "at": timestamp(version.at),
        "run": version.run,
        "today": str(version.today),
        "lines": [],
        "superseded": [],
    }
