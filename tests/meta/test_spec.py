"""The spec and the tests speak of each other: rule ids are one set, tables are the code's."""

import re
from collections import Counter
from pathlib import Path

from whiteboard import limits, timeouts
from whiteboard.core.ops import RESERVED, ElementType
from whiteboard.core.outcomes import RejectCode
from whiteboard.protocol import messages

ROOT = Path(__file__).parents[2]
SPEC = ROOT / "docs" / "spec"
UNSHOWN = Path(__file__).parent / "rules_without_tests.txt"
RULE = re.compile(r"^- \*\*([A-Z]+-\d+)\*\* (.+)$", re.MULTILINE)
CITED = re.compile(r"\[([A-Z]{2,4}-\d+)\]")


def text(name: str) -> str:
    """One page of the spec."""
    return (SPEC / name).read_text()


def rules() -> list[str]:
    """Ids of all rules, in the order of the pages."""
    return [
        found
        for page in sorted(SPEC.glob("*.md"))
        for found, _ in RULE.findall(page.read_text())
        if page.name != "README.md"
    ]


def cited() -> dict[str, set[str]]:
    """Rule ids in the tests and contract suites, with the files that cite them."""
    found: dict[str, set[str]] = {}
    folders = (ROOT / "tests", ROOT / "whiteboard" / "testing")
    for path in sorted(path for folder in folders for path in folder.rglob("*")):
        if path.suffix in {".py", ".js", ".mjs"}:
            for rule in CITED.findall(path.read_text()):
                found.setdefault(rule, set()).add(path.relative_to(ROOT).as_posix())
    return found


def unshown() -> list[str]:
    """Rules that are known to have no test."""
    lines = (line.split("#")[0].split() for line in UNSHOWN.read_text().splitlines())
    return [rule for line in lines for rule in line]


def test_rule_ids_are_unique() -> None:
    """No two rules share an id."""
    assert [rule for rule, count in Counter(rules()).items() if count > 1] == []


def test_rules_are_numbered_without_a_gap() -> None:
    """Each family counts 1, 2, 3 in the order of the text, so that a lost rule is noticed."""
    families: dict[str, list[int]] = {}
    for rule in rules():
        family, number = rule.split("-")
        families.setdefault(family, []).append(int(number))
    assert {name for name, numbers in families.items() if numbers != [*range(1, len(numbers) + 1)]} == set()


def test_every_list_item_is_a_rule() -> None:
    """Nothing normative hides in an item without an id; each rule is one line."""
    for page in SPEC.glob("*.md"):
        if page.name != "README.md":
            items = re.findall(r"^- .*$", page.read_text(), re.MULTILINE)
            assert [item for item in items if not RULE.match(item)] == []
            assert [item for item in items if not item.endswith(".")] == []


def test_every_rule_that_a_test_cites_exists() -> None:
    """A test that cites a rule nobody wrote is a mistake in one of the two."""
    known = set(rules())
    assert {rule: files for rule, files in cited().items() if rule not in known} == {}


def test_the_list_of_rules_without_tests_is_exact() -> None:
    """A rule without a test is on the list; one that has a test is taken off it."""
    listed, shown = unshown(), set(cited())
    assert [rule for rule in listed if rule in shown] == [], "these have tests: take them off the list"
    assert [rule for rule in rules() if rule not in shown and rule not in listed] == [], "test or list these"
    assert [rule for rule in listed if rule not in rules()] == [], "no such rules"


# --- tables -----------------------------------------------------------------------------------


def test_the_table_of_reject_codes_is_the_enum() -> None:
    """Codes and whether to retry. [REJ-1]"""
    rows = re.findall(r"^\| `(\w+)` \| (true|false) \|", text("acceptance.md"), re.MULTILINE)
    assert rows == [(code.value, str(code.can_retry).lower()) for code in RejectCode]


def test_every_error_code_in_use_is_in_the_table() -> None:
    """And every code of the table is in use. [ERR-1]"""
    table = text("acceptance.md").split("## Errors")[1]
    rows = set(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE))
    package = ROOT / "whiteboard"
    source = "".join(
        path.read_text() for part in ("protocol", "rooms") for path in (package / part).glob("*.py")
    )
    assert set(re.findall(r'BadMessage\(\s*"(\w+)"', source)) == rows


def test_every_code_of_http_is_in_the_table() -> None:
    """With its status, and every code of the table is in use. [HTTP-8] [HTTP-15]"""
    rows = set(re.findall(r"^\| `(\w+)` \| (\d+) \|", text("http.md"), re.MULTILINE))
    package = ROOT / "whiteboard"
    source = "".join(
        path.read_text()
        for path in (
            package / "serve.py",
            *(package / "web").glob("*.py"),
            *(package / "transport").glob("*.py"),
        )
    )
    told = r'(?:Refused|error_answer|UpgradeFault)\(\s*(\d+), "(\w+)"'
    by_table = re.findall(r'^    (\d+): \("(\w+)", ', source, re.MULTILINE)
    bare = set(re.findall(r'error_body\(\s*"(\w+)"', source))
    found = {(code, status) for status, code in [*re.findall(told, source), *by_table]}
    assert found <= rows
    assert {code for code, _ in found} | bare | {"bad_request"} == {code for code, _ in rows}


def test_the_table_of_limits_is_what_welcome_publishes() -> None:
    """Names and values, in that order. [LIM-1] [HEL-7]"""
    rows = re.findall(r"^\| `(\w+)` \| (\d+) \|", text("limits.md"), re.MULTILINE)
    assert {name: int(value) for name, value in rows} == limits.published()


def test_the_bound_of_a_close_reason_is_the_code_s() -> None:
    """A bound that no message publishes. [CLS-1]"""
    assert f"at most {limits.MAX_CLOSE_REASON_BYTES} bytes" in text("limits.md")


def test_the_lists_of_names_are_those_of_the_code() -> None:
    """Reserved names, op types and known properties. [OP-1] [OP-8] [PRP-1]"""
    ops = text("ops.md")
    reserved = next(line for line in ops.splitlines() if line.startswith("- **OP-8**"))
    assert set(re.findall(r"`(\w+)`", reserved)) == RESERVED
    types = next(line for line in ops.splitlines() if line.startswith("- **OP-1**"))
    assert {kind.value for kind in ElementType} <= set(re.findall(r"`(\w+)`", types))
    table = ops.split("| name | value | null |")[1].split("\n\n")[0]
    names = {
        name
        for row in table.splitlines()
        for name in re.findall(r"`(\w+)`", row.split("|")[1] if "|" in row else "")
    }
    assert names == set(messages.Properties.__struct_fields__)


def test_seconds_in_the_spec_are_those_of_the_registry() -> None:
    """Hello, tick, slow client, dead peer and strikes are quoted in the text. [HEL-2] [BRC-3] [SLW-2] [SLW-4] [HBT-2] [HTTP-18]"""
    delivery = text("delivery.md")
    assert f"within {timeouts.HELLO.seconds:.0f} s" in text("connecting.md")
    assert f"at most {timeouts.BROADCAST_TICK.seconds * 1000:.0f} ms" in delivery
    at_last = timeouts.SLOW_CLIENT.seconds + 2 * timeouts.LOOKOUT.seconds
    assert f"takes no byte for {at_last:.0f} s" in delivery
    assert f"but not before {timeouts.SLOW_CLIENT.seconds:.0f} s" in delivery
    assert timeouts.STRAGGLER.seconds == 60, "a minute, says SLW-4"
    assert f"heartbeat.dead` seconds, {timeouts.DEAD_PEER.seconds:.0f}," in delivery
    assert f"after more than {limits.MAX_STRIKES}," in text("acceptance.md")
    assert f"nothing of its answer for {timeouts.HTTP_SEND.seconds:.0f} s" in text("http.md")


def test_bounds_in_the_text_are_those_of_the_registry() -> None:
    """Pages of HTTP, and what the socket gives up at, are quoted in the text. [HTTP-4] [HTTP-7] [CON-9]"""
    pages = dict(RULE.findall(text("http.md")))
    assert f"at most {limits.MAX_BOARDS_PER_PAGE} in one answer" in pages["HTTP-4"]
    assert f"at most {limits.MAX_OPS_PER_PAGE} in one answer" in pages["HTTP-7"]
    assert limits.MAX_MESSAGE_BYTES == 8 * limits.MAX_FRAME_BYTES
    assert "longer than eight times that" in text("connecting.md")
