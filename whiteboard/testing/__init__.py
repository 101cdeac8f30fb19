"""Contract suites for those who write adapters: each port's promises as tests (R33).

A suite is a class in a module of its own, `whiteboard.testing.<port>_contract`. An adapter's test module derives a class from
it, names it `Test…` and gives it the fixture that the suite asks for; pytest with `trio_mode` does the rest. Needs the
extra `testing`; nothing of the server imports it.
"""

import pkgutil

import pytest

# So that a failure inside a suite shows values, as it does in the author's own tests.
pytest.register_assert_rewrite(*(f"{__name__}.{module.name}" for module in pkgutil.iter_modules(__path__)))
