"""Who calls into a module, read off the call graph; the project's own board."""

from pathlib import Path

import pytest

from whiteboard.governance.debt.board import board_of
from whiteboard.governance.debt.callers import callers_in, package_of, read_callers
from whiteboard.governance.debt.items import read_book
from whiteboard.governance.graph.build import build
from whiteboard.governance.records import Unusable
from whiteboard.governance.sources import from_texts

ROOT = Path(__file__).parents[3]
APP = {
    "app/__init__.py": "",
    "app/store.py": "def save() -> None:\n    _sync()\n\ndef _sync() -> None: ...\n",
    "app/rooms.py": "from app.store import save\n\ndef commit() -> None:\n    save()\n",
    "app/web.py": "from app import rooms\n\ndef post() -> None:\n    rooms.commit()\n",
    "app/idle.py": "import app.store\n",
}


def test_who_calls_into_a_module_depends_on_it() -> None:
    """Calls count, an import alone does not, and nobody depends on themselves."""
    callers = callers_in(build(from_texts(APP).files))
    assert callers.modules == {"app", "app.store", "app.rooms", "app.web", "app.idle"}
    assert callers.dependents("app.store") == {"app.rooms"}
    assert callers.dependents("app.rooms") == {"app.web"}
    assert callers.dependents("app.web") == frozenset()


def test_a_package_is_read_from_its_folder(tmp_path: Path) -> None:
    """One that is not there, or does not parse, is told with its place."""
    for name, text in APP.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    assert read_callers(tmp_path / "app").dependents("app.store") == {"app.rooms"}
    (tmp_path / "app/bad.py").write_text("def f(:\n")
    with pytest.raises(Unusable, match=r"app/bad\.py:1: "):
        read_callers(tmp_path / "app")
    with pytest.raises(Unusable, match="no such package"):
        read_callers(tmp_path / "none")


def test_the_package_is_the_one_that_the_project_names(tmp_path: Path) -> None:
    """With underscores for hyphens; a project without a name is told to give it."""
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "big-board"\n')
    assert package_of(tmp_path) == tmp_path / "big_board"
    (tmp_path / "pyproject.toml").write_text("[tool.x]\n")
    with pytest.raises(Unusable, match="give --package"):
        package_of(tmp_path)


@pytest.mark.no_cover
def test_this_project_has_a_board() -> None:
    """Its debts and incidents can be read, name what exists, and some incidents speak for paying."""
    callers = read_callers(package_of(ROOT))
    book = read_book(ROOT, callers.modules)
    newest = max(debt.impact.set_on for debt in book.debts)
    board = board_of(book, newest, callers.modules, callers.dependents)
    assert len(board.lines) == sum(debt.paid is None for debt in book.debts)
    assert board.lines[0].risk > 0
