"""The checker runs on packages that know nothing of it, with rules that name nothing of them (R65)."""

import datetime as dt
from importlib.util import find_spec
from pathlib import Path

import pytest

from whiteboard.governance.checking import Outcome, hold_against
from whiteboard.governance.graph.build import build
from whiteboard.governance.rules.document import load_folder
from whiteboard.governance.rules.kinds import SPECS
from whiteboard.governance.sources import read_folder

RULES = load_folder(Path(__file__).parents[2] / "examples" / "rules_for_trio", SPECS)


def outcome_of(package: str) -> Outcome:
    """What the rules of `examples/rules_for_trio` say of an installed package, which is not imported."""
    spec = find_spec(package)
    assert spec is not None
    assert spec.origin is not None
    sources = read_folder(Path(spec.origin).parent)
    assert not sources.errors
    return hold_against(build(sources.files), RULES, dt.date(2026, 11, 28))


@pytest.mark.no_cover
@pytest.mark.parametrize("package", ["trio_websocket", "hypercorn"])
def test_rules_for_any_trio_package_run_on_installed_ones(package: str) -> None:
    """Most calls are followed; what is found has a chain of places that exist."""
    outcome = outcome_of(package)
    assert all(rule.sight.share > 0.95 for rule in outcome.rules)
    assert all(hop.site.text for finding in outcome.findings for hop in finding.chain)


def test_the_certificates_that_hypercorn_loads_on_its_event_loop_are_found() -> None:
    """Three calls below its `serve` for Trio."""
    messages = [finding.message for finding in outcome_of("hypercorn").findings]
    assert "hypercorn.trio.serve comes to ssl.SSLContext.load_cert_chain, 3 calls deep" in messages
