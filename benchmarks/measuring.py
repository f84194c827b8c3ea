"""What a process costs: seconds, processor seconds and peak memory, from its start to its end.

Takes command lines, gives costs; two of them are run in turns, so that whatever else the machine does falls on both.
Never times anything inside a process, and never counts a process that failed. Memory is measured in runs of its own,
because looking takes time.
"""

from __future__ import annotations

import os
import signal
import statistics
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from proportional_memory import Peak, watched, watched_by_words


class Failed(Exception):
    """A measured process ended badly, or took longer than it may."""


@dataclass(frozen=True, slots=True)
class Command:
    """One process to be: its words, its whole environment, where it runs, and which exit codes are no failure."""

    words: Sequence[str | Path]
    environ: Mapping[str, str]
    folder: Path
    accepted: tuple[int, ...] = (0,)


@dataclass(frozen=True, slots=True)
class Cost:
    """What one or several processes took.

    Attributes:
        seconds: by the clock on the wall.
        processor: seconds of processors, user and system, of a process and those that it waited for.
        peak: bytes of memory that the process and all that it started ever held at one time; 0 where nobody looked.
        output: what the (last) process printed.
    """

    seconds: float
    processor: float
    peak: int
    output: str = ""


def cost_of(command: Command, limit: float = 600, *, memory: bool = False) -> Cost:
    """Run one process to its end.

    Args:
        command: what is run.
        limit: seconds after which it has failed.
        memory: look at what it holds, every 20 ms; its seconds are not worth much then.

    Raises:
        Failed: with the end of what it said.
    """
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        start = time.perf_counter()
        process = subprocess.Popen(
            [str(word) for word in command.words],
            env=dict(command.environ),
            cwd=command.folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=errors,
            start_new_session=True,
        )
        guard = threading.Timer(limit, os.killpg, (process.pid, signal.SIGKILL))
        guard.start()
        with watched(process.pid) if memory else nullcontext(Peak()) as peak:
            _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        guard.cancel()
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode not in command.accepted:
            raise Failed(f"{Path(command.words[0]).name} ended with {process.returncode}: {_tail(errors)}")
        output.seek(0)
        said = output.read().decode(errors="replace")
    return Cost(seconds, usage.ru_utime + usage.ru_stime, peak.bytes, said)


def cost_beside(command: Command, server: str, limit: float = 600) -> tuple[Cost, int]:
    """Run a process that starts a server of its own; gives its cost, and the most that the server held, in bytes.

    Args:
        command: what is run.
        server: a part of the server's own words, by which it is known: it is nobody's child.
        limit: as of `cost_of`.
    """
    with watched_by_words(server) as peak:
        cost = cost_of(command, limit, memory=True)
    return cost, peak.bytes


def _tail(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode(errors="replace")[-1500:]


def cost_of_all(commands: Sequence[Command]) -> Cost:
    """Run processes one after the other: seconds are added up, of the peaks the highest counts."""
    costs = [cost_of(command) for command in commands]
    return Cost(
        sum(cost.seconds for cost in costs),
        sum(cost.processor for cost in costs),
        max(cost.peak for cost in costs),
        costs[-1].output,
    )


def in_turns(rounds: int, *makers: Callable[[int], Cost]) -> list[list[Cost]]:
    """Run each of several things once a round, in another order every time.

    Args:
        rounds: how often; the first round warms caches up and is not counted.
        makers: take the round's number, run what is measured, give its cost.

    Returns:
        For each maker its costs, round by round.
    """
    costs: list[list[Cost]] = [[] for _ in makers]
    for number in range(rounds + 1):
        order = range(len(makers)) if number % 2 else reversed(range(len(makers)))
        for place in order:
            cost = makers[place](number)
            if number:
                costs[place].append(cost)
    return costs


def median(costs: Sequence[Cost]) -> Cost:
    """The cost in the middle: of seconds and of processor seconds the median, of the peaks the highest."""
    return Cost(
        statistics.median(cost.seconds for cost in costs),
        statistics.median(cost.processor for cost in costs),
        max(cost.peak for cost in costs),
    )


def median_ratio(ones: Sequence[Cost], others: Sequence[Cost]) -> float:
    """How many times as long one takes as the other: the median over the rounds."""
    return statistics.median(one.seconds / other.seconds for one, other in zip(ones, others, strict=True))
