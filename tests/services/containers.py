"""Real containers without a registry: Podman, and an image made of this machine's own Debian packages.

Everything is kept in a folder of the test's. It needs root, as the networks of containers do.
"""

import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = (
    *(
        "base-files",
        "base-passwd",
        "bash",
        "coreutils",
        "dash",
        "debianutils",
        "findutils",
        "grep",
        "libc-bin",
        "sed",
    ),
    *("python3-venv", "systemd", "util-linux", "nginx", "redis-server"),
)
"""With all that they depend on: a Python as in the image that the Containerfile names, and what else is started."""
LEFT_OUT = ("/usr/share/doc/", "/usr/share/man/", "/usr/share/info/", "/usr/share/locale/")
MERGED = ("bin", "lib", "lib64", "sbin")
"""Links into /usr on Debian 12; packages still name some of their files through them."""
FILES = ("etc/passwd", "etc/group", "etc/ld.so.cache")
FOLDERS = {"tmp": 0o1777, "var/tmp": 0o1777, "var/lib/nginx": 0o755, "var/log/nginx": 0o755}
MADE = {*MERGED, *FILES, *FOLDERS}
"""What no package has among its files, or not as it has to be: accounts, an index of libraries, places to write to."""
STAND_INS = (
    "docker.io/library/python:3.11-slim-bookworm",
    "docker.io/library/nginx:1.28",
    "docker.io/library/redis:7.2",
)
"""What is never pulled: these names are given to our own image, which starts nginx by itself, as nginx's does."""
CONFIGURATION = """
[containers]
default_ulimits = ["nofile=1024:4096", "nproc=4096:4096"]
[network]
network_backend = "netavark"
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
image_copy_tmp_dir = "{folder}/copies"
"""


class Podman:
    """Podman with images, containers and volumes of its own. Made by `podman_ready`."""

    def __init__(self, folder: Path, run: Path) -> None:
        self.folder = folder
        (folder / "copies").mkdir()
        (folder / "containers.conf").write_text(CONFIGURATION.format(folder=folder))
        self.program = folder / "podman"
        self.program.write_text(
            f"#!/bin/sh\nCONTAINERS_CONF={folder}/containers.conf exec podman --root {folder}/root "
            f'--runroot {run} --tmpdir {folder}/tmp "$@"\n'
        )
        self.program.chmod(0o755)

    def __call__(self, *words: str, stdin: bytes | None = None) -> str:
        """What a command says on standard output."""
        ended = subprocess.run([str(self.program), *words], check=False, capture_output=True, input=stdin)
        assert ended.returncode == 0, (
            f"podman {' '.join(words)}\n{ended.stdout.decode()}\n{ended.stderr.decode()}"
        )
        return ended.stdout.decode().strip()

    def logs(self, container: str) -> str:
        """Both outputs of a container so far."""
        command = [str(self.program), "logs", container]
        return subprocess.run(
            command, check=True, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        ).stdout

    @contextmanager
    def running(self, name: str, *words: str) -> Iterator[str]:
        """A container from `run --detach`, gone afterwards; its name."""
        try:
            self("run", "--detach", "--name", name, *words)
            yield name
        finally:
            subprocess.run(
                [str(self.program), "rm", "--force", "--time", "0", name], check=False, capture_output=True
            )


@contextmanager
def podman_ready(folder: Path) -> Iterator[Podman]:
    """Podman with the stand-ins and, as `whiteboard`, the image of the Containerfile."""
    for program in ("podman", "runc", "iptables"):
        assert shutil.which(program, path=f"{os.environ['PATH']}:/usr/sbin"), (
            f"no {program}: let tools/check install it"
        )
    assert os.geteuid() == 0, "containers with networks of their own need root"
    run = Path(tempfile.mkdtemp(prefix="run-"))  # Podman wants a path of at most 50 characters
    podman = Podman(folder, run)
    try:
        _import(podman)
        _build(podman)
        yield podman
    finally:
        subprocess.run(
            [str(podman.program), "rm", "--all", "--force", "--time", "0"], check=False, capture_output=True
        )
        for one in (folder, run):
            shutil.rmtree(one, ignore_errors=True)


def _import(podman: Podman) -> None:
    archive = podman.folder / "image.tar"
    with tarfile.open(archive, "w") as image:
        files = _closure()
        for name in sorted(files - MADE):
            image.add(f"/{name}", name, recursive=False)
        _add_what_installing_makes(image)
    first, *others = STAND_INS
    podman("import", "--change", 'CMD ["nginx", "-g", "daemon off;"]', str(archive), first)
    for other in others:
        podman("tag", first, other)
    archive.unlink()


def _closure() -> set[str]:
    """Every file of the packages and of what they need, without the leading slash, by its path in /usr."""
    dependencies = ["apt-cache", "depends", "--recurse", "--installed", "--important", *PACKAGES]
    said = subprocess.run(dependencies, check=True, capture_output=True, text=True).stdout
    wanted = {line.strip() for line in said.splitlines() if line and line[0] not in " <"}
    query = ["dpkg-query", "--showformat", "${db:Status-Abbrev}\t${binary:Package}\n", "--show", *wanted]
    known = subprocess.run(query, check=False, capture_output=True, text=True).stdout
    installed = [line.split("\t")[1] for line in known.splitlines() if line.startswith("ii")]
    listed = subprocess.run(
        ["dpkg", "--listfiles", *installed], check=True, capture_output=True, text=True
    ).stdout
    files = {line for line in listed.splitlines() if line.startswith("/") and not line.startswith(LEFT_OUT)}
    return {_merged(file) for file in files if os.path.lexists(file)} - {"", "."}


def _merged(file: str) -> str:
    first, _, rest = file.strip("/").partition("/")
    return f"usr/{first}/{rest}" if first in MERGED and rest else f"{first}/{rest}".rstrip("/")


def _add_what_installing_makes(image: tarfile.TarFile) -> None:
    for name in MERGED:
        link = tarfile.TarInfo(name)
        link.type, link.linkname = tarfile.SYMTYPE, f"usr/{name}"
        image.addfile(link)
    for file in FILES:
        image.add(f"/{file}", file)
    for folder, mode in FOLDERS.items():
        made = tarfile.TarInfo(folder)
        made.type, made.mode = tarfile.DIRTYPE, mode
        image.addfile(made, BytesIO())


def _build(podman: Podman) -> None:
    """Build the Containerfile as it stands. Its pip takes what this machine's pip was given, so that no network is needed."""
    wheels = _wheels(podman.folder)
    configuration = podman.folder / "pip.conf"
    configuration.write_text("[global]\nno-index = true\nfind-links = /wheels\n")
    podman(
        *("build", "--format", "docker", "--layers=false", "--network", "none", "--pull-never"),
        *("--volume", f"{wheels}:/wheels:ro", "--volume", f"{configuration}:/etc/pip.conf:ro"),
        *("--file", str(ROOT / "examples/container/Containerfile"), "--tag", "whiteboard", str(ROOT)),
    )


def _wheels(folder: Path) -> Path:
    """A folder with all that the project needs, for the image's Python."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    wanted = [*project["project"]["dependencies"], *project["project"]["optional-dependencies"]["cluster"]]
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", "download"]
    which = ["--only-binary=:all:", "--python-version=3.11", f"--dest={folder / 'wheels'}"]
    subprocess.run(
        [*pip, *which, *wanted, *project["build-system"]["requires"]], check=True, capture_output=True
    )
    return folder / "wheels"
