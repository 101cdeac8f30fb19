"""What a change does to the rules."""

from governance_samples import NO_SLEEP, SLEEPY, outcome_of, rule_of

from whiteboard.governance.comparison import compare

RULE = rule_of(NO_SLEEP)
CLEAN = SLEEPY.replace("time.sleep(1)", "pass")


def test_a_finding_stands_on_the_changed_hop_of_its_chain() -> None:
    """Whoever edits only a deep function sees the broken rule on the own line."""
    comparison = compare(outcome_of(CLEAN, RULE), outcome_of(SLEEPY, RULE), {"pkg/store.py": {10}})
    (new,) = comparison.of("new")
    assert (new.hop.function, new.is_touched) == ("pkg.store.write", True)
    assert new.finding.source == "pkg.edit.edit"
    assert comparison.breaks


def test_the_middle_of_a_chain_may_be_what_was_changed() -> None:
    """The sink was there before, and its caller is new."""
    before = SLEEPY.replace("    write(board)", "    pass")
    comparison = compare(outcome_of(before, RULE), outcome_of(SLEEPY, RULE), {"pkg/store.py": {8}})
    assert [one.hop.site.line for one in comparison.of("new")] == [8]


def test_a_finding_that_only_moved_is_not_new() -> None:
    """Lines below another, or a function of another name."""
    lower = SLEEPY.replace("import time\n", "import time\n\n\n")
    assert compare(outcome_of(SLEEPY, RULE), outcome_of(lower, RULE), {}).of("new") == ()
    renamed = SLEEPY.replace("write(", "put(")
    comparison = compare(outcome_of(SLEEPY, RULE), outcome_of(renamed, RULE), {})
    assert len(comparison.of("moved")) == 1
    assert not comparison.fixed
    assert not comparison.breaks


def test_a_finding_that_is_gone_is_fixed() -> None:
    """And breaks nothing."""
    comparison = compare(outcome_of(SLEEPY, RULE), outcome_of(CLEAN, RULE), {})
    assert [finding.source for finding in comparison.fixed] == ["pkg.edit.edit"]
    assert not comparison.breaks
