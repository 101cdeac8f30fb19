"""How the tests' Consul agent is got: verified or not at all, and never into the system."""

import os
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]


def get_consul(folder: Path, sources: str) -> subprocess.CompletedProcess[str]:
    """Run `tools/get_consul` on a machine whose apt has these sources, `folder` being where the agent is to go."""
    world = folder.parent
    (world / "sources.list").write_text(sources)
    (world / "parts").mkdir(exist_ok=True)
    (world / "apt.conf").write_text(
        f'Dir::Etc::SourceList "{world}/sources.list"; Dir::Etc::SourceParts "{world}/parts";'
    )
    environment = {**os.environ, "APT_CONFIG": str(world / "apt.conf"), "LC_ALL": "C"}
    command = [ROOT / "tools/get_consul", folder]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def codename() -> str:
    """What this machine's release is called."""
    lines = Path("/etc/os-release").read_text().splitlines()
    return next(line.partition("=")[2].strip('"') for line in lines if line.startswith("VERSION_CODENAME="))


def test_an_agent_that_is_there_is_taken_as_it_is(tmp_path: Path) -> None:
    """Nothing is asked of apt."""
    program = tmp_path / "consul/usr/bin/consul"
    program.parent.mkdir(parents=True)
    program.write_text("")
    program.chmod(0o755)
    assert get_consul(tmp_path / "consul", "").stdout == f"{program}\n"


def test_without_a_source_of_debian_s_own_packages_it_says_what_to_do(tmp_path: Path) -> None:
    """Other people's lists, additions and disks are none."""
    sources = f"""
        deb http://example.invalid/third {codename()} stable
        deb http://example.invalid/security {codename()}-security main
        deb cdrom:[Debian]/ {codename()} main
    """
    result = get_consul(tmp_path / "consul", sources)
    assert (result.returncode, result.stdout) == (1, "")
    assert "apt has no source with Debian's own packages" in result.stderr
    assert "put a consul of 1.8 or later on PATH" in result.stderr


def test_what_nobody_has_signed_is_not_taken(tmp_path: Path) -> None:
    """A mirror is believed only as far as Debian's keys go, and nothing is left behind."""
    release = tmp_path / "mirror/dists/bullseye"
    release.mkdir(parents=True)
    (release / "Release").write_text("Origin: Debian\nSuite: bullseye\nCodename: bullseye\n")
    result = get_consul(tmp_path / "consul", f"deb file:{tmp_path}/mirror {codename()} main")
    assert result.returncode == 1
    assert "could not get consul of Debian bullseye" in result.stderr
    assert "is not signed" in result.stderr
    assert not list(tmp_path.glob("consul*"))
