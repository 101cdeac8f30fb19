"""The report for people."""

import io

from governance_samples import NO_SLEEP, SLEEPY, outcome_of, rule_of

from whiteboard.governance.reports import text
from whiteboard.governance.reports.progress import Progress


def test_a_finding_is_told_hop_by_hop_with_its_lines_and_what_to_write_instead() -> None:
    """The whole report of one broken rule."""
    told = text.render(outcome_of(SLEEPY, rule_of(NO_SLEEP)))
    assert told == (
        "T-1  a rule\n"
        "  error pkg.edit.edit comes to time.sleep, 3 calls deep\n"
        "    pkg/edit.py:4    pkg.edit.edit: calls pkg.store.save\n"
        "                     store.save(board)\n"
        "    pkg/store.py:8   pkg.store.save: calls pkg.store.write\n"
        "                     write(board)\n"
        "    pkg/store.py:10  pkg.store.write: calls time.sleep\n"
        "                     time.sleep(1)\n"
        "    waive as pkg.edit.edit -> time.sleep in pkg.store.write\n"
        "  why      because\n"
        "  instead  wait in a thread: 100 %, always\n"
        "\n"
        "T-1  a rule  BREAKS  saw 3 of 3 calls (100.0%) in 3 functions\n"
        "1 rules, 1 errors, 0 warnings, 0 waived, 0 faults of waivers and examples; "
        "6 functions, 3 edges, 0.0 s\n"
    )


def test_colour_is_used_when_it_is_asked_for_only() -> None:
    """A file or a pipe gets plain text."""
    outcome = outcome_of(SLEEPY, rule_of(NO_SLEEP))
    assert "\x1b[" not in text.render(outcome)
    assert "\x1b[31merror\x1b[0m" in text.render(outcome, is_coloured=True)


def test_what_could_not_be_followed_is_listed_when_all_is_asked_for() -> None:
    """Each blind spot with its place and its reason."""
    code = SLEEPY.replace("store.save(board)", "board.anything()()")
    told = text.render(outcome_of(code, rule_of(NO_SLEEP)), is_full=True)
    assert "blind pkg/edit.py:4 " in told


def test_a_waived_finding_is_counted_and_not_shown() -> None:
    """The rule holds."""
    rule = rule_of(NO_SLEEP + "waivers: [{path: 'pkg.edit.* -> *', reason: old, until: 2027-01-01}]")
    told = text.render(outcome_of(SLEEPY, rule))
    assert "holds, 1 waived" in told
    assert "waive as" not in told


class Terminal(io.StringIO):
    """A stream that says it is one."""

    def isatty(self) -> bool:
        return True


def test_a_bar_is_drawn_on_a_terminal_after_a_second_and_cleared() -> None:
    """Half of the way is half of the bar."""
    moments, stream = iter([0.0, 0.9, 1.5]), Terminal()
    progress = Progress(stream, lambda: next(moments))
    progress.tell(1, 4, "soon")
    assert stream.getvalue() == ""
    progress.tell(2, 4, "now")
    assert "[###############...............] now" in stream.getvalue()
    progress.clear()
    assert stream.getvalue().endswith("\r\x1b[K")


def test_no_bar_is_drawn_elsewhere() -> None:
    """A log of CI gets none."""
    moments, stream = iter([0.0, 9.0]), io.StringIO()
    Progress(stream, lambda: next(moments)).tell(1, 2, "x")
    assert stream.getvalue() == ""
