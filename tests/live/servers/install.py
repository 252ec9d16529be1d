"""How a server gets onto this machine: a Debian package, a Go build or Maven's jars.

Everything that is built lies in `OBSLIB_SERVERS` (default: `~/.cache/obslib/servers`) and is built
once. What is present already is left alone.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

HERE = Path(__file__).parent


class UnavailableError(Exception):
    """A server cannot be had on this machine; the text says why."""


class Origin(Protocol):
    """Where a server comes from."""

    def present(self) -> bool:
        """Whether it can be started now."""
        ...

    def install(self) -> None:
        """Make it present, or raise `UnavailableError`."""
        ...


def cache_folder() -> Path:
    """Where built servers are kept."""
    return Path(os.environ.get("OBSLIB_SERVERS") or "~/.cache/obslib/servers").expanduser()


@dataclass(frozen=True)
class Debian:
    """A program of a Debian package; installing needs root."""

    package: str
    program: str

    def present(self) -> bool:
        return shutil.which(self.program) is not None

    def install(self) -> None:
        if shutil.which("apt-get") is None or os.geteuid() != 0:
            raise UnavailableError(f"{self.program} is absent and needs, as root: apt-get install {self.package}")
        quiet = {"DEBIAN_FRONTEND": "noninteractive"}
        install = ["apt-get", "install", "-y", "-q", "--no-install-recommends", self.package]
        try:
            run(install, environment=quiet)  # works where the package lists are fresh
        except UnavailableError:
            run(["apt-get", "update", "-q"], environment=quiet)
            run(install, environment=quiet)


@dataclass(frozen=True)
class GoBuild:
    """Programs of a Go module, built in a throw-away module: `go install` refuses replace directives."""

    version: str
    packages: tuple[str, ...]
    link_flags: str = ""

    def programs(self) -> list[Path]:
        return [cache_folder() / "bin" / package.rsplit("/", 1)[-1] for package in self.packages]

    def present(self) -> bool:
        return all(path.exists() for path in self.programs())

    def install(self) -> None:
        need("go")
        target = cache_folder() / "bin"
        target.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory() as work:
            folder = Path(work)
            run(["go", "mod", "init", "build.local/servers"], cwd=folder)
            run(["go", "get", *(f"{package}@{self.version}" for package in self.packages)], cwd=folder)
            flags = ["-trimpath", "-ldflags", f"-s -w {self.link_flags}".strip()]
            run(["nice", "go", "build", *flags, "-o", f"{target}{os.sep}", *self.packages], cwd=folder)


@dataclass(frozen=True)
class MavenJar:
    """One executable jar of Maven Central."""

    artifact: str
    file_name: str

    def path(self) -> Path:
        return cache_folder() / "jars" / self.file_name

    def present(self) -> bool:
        return self.path().exists() and shutil.which("java") is not None

    def install(self) -> None:
        need("java")
        copy = "org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy"
        run_maven([copy, f"-Dartifact={self.artifact}", f"-DoutputDirectory={self.path().parent}"])


@dataclass(frozen=True)
class MavenProgram:
    """The class path of one profile of a `pom.xml`, and Java files compiled against it.

    The Java files beside the `pom.xml` are compiled; `java` is the least version that they run on.
    """

    name: str
    pom: Path
    profile: str
    java: int

    def present(self) -> bool:
        return self._finished().exists() and development_kit(self.java) is not None

    def install(self) -> None:
        kit = development_kit(self.java)
        if kit is None:
            raise UnavailableError(f"{self.name} needs a Java development kit of version {self.java} or later")
        jars = self._folder() / "lib"
        run_maven(
            ["-f", str(self.pom), "-P", self.profile, "dependency:copy-dependencies", f"-DoutputDirectory={jars}"]
        )
        sources = map(str, self.pom.parent.glob("*.java"))
        run([str(kit / "bin" / "javac"), "-cp", str(jars / "*"), "-d", str(self._folder() / "classes"), *sources])
        self._finished().touch()

    def command(self) -> list[str]:
        """How to start Java with this class path."""
        class_path = os.pathsep.join([str(self._folder() / "classes"), str(self._folder() / "lib" / "*")])
        return [str(development_kit(self.java) / "bin" / "java"), "-cp", class_path]

    def _folder(self) -> Path:
        return cache_folder() / self.name

    def _finished(self) -> Path:
        return self._folder() / "finished"


def development_kit(least: int) -> Path | None:
    """The home of the oldest Java development kit that is new enough: the default one, or one beside it."""
    compiler = shutil.which("javac")
    if compiler is None:
        return None
    default = Path(compiler).resolve().parent.parent
    kits = {version: home for home in default.parent.iterdir() if (version := _java_version(home)) >= least}
    return kits[min(kits)] if kits else None


def _java_version(home: Path) -> int:
    """The major version of a development kit, 0 if it is none."""
    release = home / "release"
    if not (home / "bin" / "javac").exists() or not release.exists():
        return 0
    found = re.search(r'JAVA_VERSION="(\d+)', release.read_text("utf-8"))
    return int(found[1]) if found else 0


def need(program: str) -> None:
    """Raise `UnavailableError` if a program that an installation needs is absent."""
    if shutil.which(program) is None:
        raise UnavailableError(f"{program} is needed to get this server, and is absent")


def run_maven(arguments: Sequence[str]) -> None:
    """Run one Maven command in batch mode."""
    need("mvn")
    run(["nice", "mvn", "-B", "-q", *arguments])


def run(command: Sequence[str], *, cwd: Path | None = None, environment: Mapping[str, str] | None = None) -> None:
    """Run one step of an installation; its failure is `UnavailableError` with the end of its output."""
    done = subprocess.run(
        command,
        cwd=cwd,
        env={**os.environ, **(environment or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        tail = "\n".join(done.stdout.splitlines()[-10:])
        raise UnavailableError(f"{' '.join(command[:4])} ... failed with exit code {done.returncode}:\n{tail}")
