"""What is installed is what is in the checkout: no file of the package is lost on the way."""

import os
from importlib import resources
from pathlib import Path

import pytest

import whiteboard

ROOT = Path(__file__).parents[2]
INSTALLED = Path(str(resources.files(whiteboard)))


def files_of(package: Path) -> dict[str, bytes]:
    """Relative path → content, caches left out."""
    paths = (path for path in package.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return {path.relative_to(package).as_posix(): path.read_bytes() for path in paths}


def test_the_installed_package_has_every_file() -> None:
    """Modules, py.typed, the page's files and the migrations are installed as they stand."""
    assert files_of(INSTALLED) == files_of(ROOT / "whiteboard")


@pytest.mark.skipif(os.environ.get("TESTED_PACKAGE") != "wheel", reason="only tools/check tests the wheel")
def test_the_wheel_is_what_is_tested() -> None:
    """Under `tools/check` the tests import the installed wheel, not the checkout."""
    assert not INSTALLED.is_relative_to(ROOT / "whiteboard")
    assert "site-packages" in INSTALLED.parts
