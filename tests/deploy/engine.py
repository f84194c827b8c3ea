"""A Docker Engine with Compose, started by hand in a network of its own: nothing of it is left afterwards.

Takes a folder, gives an engine: first in this machine's network, to build images from the package registries; then in a
network namespace where there is loopback and nothing else, to run them. Its programs are Debian's, unpacked into the
folder and not installed. Never touches an engine that runs already.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

ENGINE, COMPOSE = ("docker.io", "containerd", "runc", "tini"), "docker-compose"
COMPOSE_SUITE = "trixie"  # bookworm has version 1 only
SOURCES = Path("/etc/apt/sources.list.d/debian.sources")


class NoEngine(Exception):
    """Why no engine can be had here."""


@dataclass
class Engine:
    """What a folder holds of it.

    Attributes:
        folder: programs, images, volumes, socket.
        namespace: name of its network namespace.
    """

    folder: Path
    namespace: str

    @property
    def programs(self) -> Path:
        return self.folder / "programs" / "usr"

    @property
    def environment(self) -> dict[str, str]:
        """For programs that speak to it; without BuildKit, which this version does not bring."""
        path = f"{self.programs / 'bin'}:{self.programs / 'sbin'}:/usr/sbin:/usr/bin:/sbin:/bin"
        kept = {name: value for name, value in os.environ.items() if name.startswith(("LANG", "SSL_", "HTTP", "NO_"))}
        socket = f"unix://{self.folder / 'engine.sock'}"
        own = {"PATH": path, "DOCKER_HOST": socket, "DOCKER_BUILDKIT": "0", "HOME": str(self.folder)}
        return kept | own

    @property
    def _entering(self) -> list[str]:
        # `ip netns exec` would mount a new /sys, without the control groups that the engine needs.
        return ["nsenter", f"--net=/run/netns/{self.namespace}"]

    def docker(self, *words: str, timeout: float = 900, check: bool = True, **more: str) -> str:
        """What `docker` says; on failure all that it said is the error."""
        return self._told(["docker", *words], timeout, check=check, more=more)

    def compose(self, *words: str, timeout: float = 900, check: bool = True, **more: str) -> str:
        """What `docker compose` says."""
        program = str(self.programs / "libexec" / "docker" / "cli-plugins" / "docker-compose")
        return self._told([program, *words], timeout, check=check, more=more)

    def inside(self, *words: str, timeout: float = 120, check: bool = True, **more: str) -> str:
        """A program in the engine's network, where published ports answer."""
        return self._told([*self._entering, *words], timeout, check=check, more=more)

    @contextmanager
    def running(self, *, apart: bool) -> Iterator[None]:
        """The engine, until the end of the block.

        Args:
            apart: in its own network; else in this machine's, without bridge or filter rules, to build.
        """
        state = self.folder / "state"
        words = ["--data-root", f"{state}/data", "--exec-root", f"{state}/exec", "-p", f"{state}/pid"]
        words += ["-H", f"unix://{self.folder / 'engine.sock'}", "--storage-driver", "overlay2"]
        words += ["--default-ulimit", "nofile=1024:1024"]
        words += [] if apart else ["--iptables=false", "--bridge=none"]
        before = self._entering if apart else []
        with (self.folder / "engine.log").open("a") as log, self._network() if apart else nullcontext():
            process = subprocess.Popen(
                [*before, "dockerd", *words], env=self.environment, stdout=log, stderr=log, stdin=subprocess.DEVNULL
            )
            try:
                self._await(process)
                yield
            finally:
                process.terminate()
                process.wait(180)  # containers have their time to end
                for place in (state / "exec" / "netns").glob("*"):
                    if os.path.ismount(place):  # left by a build in this machine's network; Path's knows folders only
                        _run("umount", str(place))

    @contextmanager
    def _network(self) -> Iterator[None]:
        _run("ip", "netns", "add", self.namespace)
        try:
            _run("ip", "-n", self.namespace, "link", "set", "lo", "up")
            yield
        finally:
            _run("ip", "netns", "delete", self.namespace)

    def _await(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + 60
        while subprocess.run(["docker", "version"], env=self.environment, capture_output=True, check=False).returncode:
            if process.poll() is not None or time.monotonic() > deadline:
                raise NoEngine((self.folder / "engine.log").read_text()[-3000:])
            time.sleep(0.2)

    def _told(self, words: list[str], timeout: float, *, check: bool, more: dict[str, str]) -> str:
        done = subprocess.run(
            words, env=self.environment | more, capture_output=True, text=True, timeout=timeout, check=False
        )
        if check and done.returncode:
            raise AssertionError(f"{words}: {done.returncode}\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}")
        return done.stdout if done.returncode == 0 else f"{done.stdout}{done.stderr}"


def unpacked(folder: Path) -> None:
    """Debian's engine and Compose in a folder.

    Raises:
        NoEngine: they cannot be had.
    """
    if (folder / "programs").exists():
        return
    packages = folder / "packages"
    packages.mkdir(parents=True)
    try:
        _run("apt-get", "download", "-qq", *ENGINE, cwd=packages)
        _run("apt-get", "download", "-qq", COMPOSE, cwd=packages, env=_of_another_suite(packages))
        for package in packages.glob("*.deb"):
            _run("dpkg", "-x", str(package), str(folder / "unpacking"))
    except (subprocess.CalledProcessError, OSError) as error:
        raise NoEngine(f"Debian's engine cannot be fetched: {error}") from error
    shutil.rmtree(packages)
    (folder / "unpacking").rename(folder / "programs")


def mirror() -> str:
    """The address from which this machine has its Debian packages."""
    found = (
        re.search(r"^URIs:\s*(\S+)", SOURCES.read_text(encoding="utf-8"), re.MULTILINE) if SOURCES.exists() else None
    )
    if not found:
        raise NoEngine(f"{SOURCES} does not say where Debian's packages are")
    return found[1]


def _of_another_suite(folder: Path) -> dict[str, str]:
    """An environment in which apt looks at one suite, and at nothing of this machine's."""
    for name in ("lists/partial", "cache/archives/partial"):
        (folder / name).mkdir(parents=True)
    key = "/usr/share/keyrings/debian-archive-keyring.gpg"
    (folder / "sources.list").write_text(f"deb [signed-by={key}] {mirror()} {COMPOSE_SUITE} main\n", encoding="utf-8")
    settings = folder / "apt.conf"
    settings.write_text(
        f'Dir::Etc::sourcelist "{folder}/sources.list"; Dir::Etc::sourceparts "-";\n'
        f'Dir::State::lists "{folder}/lists"; Dir::Cache "{folder}/cache";\n',
        encoding="utf-8",
    )
    environment = {**os.environ, "APT_CONFIG": str(settings)}
    _run("apt-get", "update", "-qq", env=environment)
    return environment


def _run(*words: str, cwd: Path | None = None, env: dict[str, str] | None = None) -> None:
    subprocess.run(words, check=True, cwd=cwd, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
