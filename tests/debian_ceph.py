"""A real Ceph of Debian's, with its S3 gateway: one monitor, one store in memory, one gateway, all on loopback.

Takes a folder, gives a running gateway; up in a quarter of a minute, ended by the ids of its processes. Nothing
of it outlives the block. Ceph 16 knows no limit of requests a second, but a gateway can be told how many it serves at
one time: who comes above that is answered 503 SlowDown. `tcp_nodelay`, which is off by default, takes away 40 ms from
most small answers.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from stores import free_port, listening

PROGRAMS = ("ceph-mon", "ceph-osd", "radosgw", "radosgw-admin", "monmaptool", "ceph")
ON_CEPH = os.environ.get("APOD_TEST_S3") == "ceph"  # as `make test-s3` says
SECONDS = 60.0  # for each of its commands
CONF = """
[global]
fsid = {fsid}
mon host = [v2:127.0.0.1:{monitor}]
public addr = 127.0.0.1
cluster addr = 127.0.0.1
auth cluster required = none
auth service required = none
auth client required = none
ms cluster mode = crc
ms service mode = crc
ms client mode = crc
ms mon cluster mode = crc
ms mon service mode = crc
ms mon client mode = crc
run dir = {folder}/run
admin socket = {folder}/run/$name.asok
log file = {folder}/$name.log
pid file =
mon data = {folder}/mon
osd data = {folder}/osd
osd objectstore = memstore
memstore device bytes = 2147483648
osd crush chooseleaf type = 0
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 8
osd pool default pgp num = 8
osd pool default pg autoscale mode = off
mon allow pool size one = true
[client]
rgw enable usage log = false
rgw thread pool size = 32
rgw bucket quota ttl = 0
[client.wide]
rgw data = {folder}/wide
rgw frontends = beast endpoint=127.0.0.1:{wide} tcp_nodelay=1
[client.narrow]
rgw data = {folder}/narrow
rgw frontends = beast endpoint=127.0.0.1:{narrow} tcp_nodelay=1
rgw max concurrent requests = 1
"""


def is_installed() -> bool:
    """Whether all of its programs are there."""
    return all(map(shutil.which, PROGRAMS))


@dataclass(frozen=True)
class Ceph:
    """A gateway that runs.

    Attributes:
        url: its address.
        narrow: the address of another one over the same buckets, which serves one request at a time.
        conf: the file that its commands read.
    """

    url: str
    narrow: str
    conf: Path

    def user(self, name: str, access: str, secret: str, room: int | None = None) -> None:
        """Make a user, with keys, and room for so many bytes."""
        keys = ["--access-key", access, "--secret-key", secret]
        self._admin("user", "create", "--uid", name, "--display-name", name, *keys)
        if room is not None:
            self.give_room(name, room)

    def give_room(self, name: str, room: int) -> None:
        """Let a user have so many bytes."""
        quota = ["--quota-scope", "user", "--uid", name]
        self._admin("quota", "set", *quota, "--max-size", str(room))
        self._admin("quota", "enable", *quota)

    def _admin(self, *words: str) -> None:
        _done(["radosgw-admin", "-c", str(self.conf), *words])


@contextmanager
def ceph(folder: Path) -> Iterator[Ceph]:
    """A Ceph in a folder."""
    for name in ("run", "mon", "osd", "wide", "narrow"):
        (folder / name).mkdir(parents=True)
    monitor, wide, narrow = free_port(), free_port(), free_port()
    fsid, disk, conf = str(uuid.uuid4()), str(uuid.uuid4()), folder / "ceph.conf"
    conf.write_text(CONF.format(fsid=fsid, folder=folder, monitor=monitor, wide=wide, narrow=narrow))
    words, monmap = ["-c", str(conf)], str(folder / "monmap")
    with ExitStack() as parts:
        _done(["monmaptool", "--create", "--addv", "a", f"[v2:127.0.0.1:{monitor}]", "--fsid", fsid, monmap])
        _done(["ceph-mon", "-i", "a", "--mkfs", "--monmap", monmap, *words])
        mon = parts.enter_context(_part(folder, "mon", ["ceph-mon", "-i", "a", "-f", *words]))
        listening(monitor, mon, folder / "mon.out")
        _done(["ceph", *words, "--connect-timeout", "30", "osd", "new", disk])
        _done(["ceph-osd", "-i", "0", "--mkfs", "--osd-uuid", disk, *words])
        parts.enter_context(_part(folder, "osd", ["ceph-osd", "-i", "0", "-f", *words]))
        for name, port in (("wide", wide), ("narrow", narrow)):  # the first one makes what both need
            gateway = parts.enter_context(_part(folder, name, ["radosgw", "-n", f"client.{name}", "-f", *words]))
            listening(port, gateway, folder / f"{name}.out")
        yield Ceph(f"http://127.0.0.1:{wide}", f"http://127.0.0.1:{narrow}", conf)


def _done(words: list[str]) -> None:
    """A command that must end well, in its time."""
    environment = {**os.environ, "CEPH_ARGS": ""}
    done = subprocess.run(words, capture_output=True, text=True, timeout=SECONDS, check=False, env=environment)
    assert done.returncode == 0, f"{words[0]}: {done.stdout[-1000:]} {done.stderr[-2000:]}"


@contextmanager
def _part(folder: Path, name: str, words: list[str]) -> Iterator[subprocess.Popen[bytes]]:
    """A process of it, ended at the end: its store is memory, so there is nothing to be saved."""
    with (folder / f"{name}.out").open("wb") as out:
        process = subprocess.Popen(words, stdout=out, stderr=out, env={**os.environ, "CEPH_ARGS": ""})
        try:
            yield process
        finally:
            process.terminate()
            deadline = time.monotonic() + 5
            while process.poll() is None and time.monotonic() < deadline:
                time.sleep(0.05)
            process.kill()
            process.wait()
