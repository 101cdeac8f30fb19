"""Outcomes: what became of an op."""

from whiteboard.core.outcomes import RejectCode


def test_only_what_time_can_mend_is_worth_a_retry() -> None:
    """Retry helps against storage, draining and a hook that does not answer, not against a bad op. [REJ-1]"""
    can_retry = {code.value for code in RejectCode if code.can_retry}
    assert can_retry == {"storage_unavailable", "draining", "permission_unavailable"}
