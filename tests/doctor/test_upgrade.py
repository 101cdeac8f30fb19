"""What the answer to an upgrade means."""

import pytest
from doctor.answers import answer, refusal, way

from whiteboard.doctor import upgrade
from whiteboard.doctor.exchange import Answer

NO_UPGRADE = "This address is for WebSockets: a proxy in between must pass on Upgrade and Connection."


@pytest.mark.parametrize(
    ("got", "code"),
    [
        (refusal(400, "bad_request", NO_UPGRADE), "upgrade_not_passed"),
        (refusal(400, "bad_request", "A WebSocket needs HTTP/1.1."), "upgrade_http10"),
        (refusal(426, "upgrade_required"), "upgrade_reused"),
        (refusal(421, "foreign_host"), "foreign_host"),
        (refusal(503, "unavailable"), "server_busy"),
        (refusal(404, "not_found"), "upgrade_elsewhere"),
        (answer(404), "upgrade_elsewhere"),
        (answer(200, b"<html>"), "upgrade_elsewhere"),
        (answer(302, location="/login"), "upgrade_elsewhere"),
        (answer(403), "upgrade_answered"),
        (answer(502), "upgrade_answered"),
        (answer(101), "upgrade_fake"),
    ],
)
def test_an_answer_in_place_of_a_socket_has_a_name(got: Answer, code: str) -> None:
    """By what whiteboard says itself, else by the status."""
    assert upgrade.judge_upgrade(way(), got).code == code


@pytest.mark.parametrize(
    ("got", "drops_port", "code"),
    [
        (refusal(403, "foreign_origin"), False, "origin_refused"),
        (refusal(403, "foreign_origin"), True, "origin_port"),
        (answer(403), False, "origin_blocked"),
        (refusal(503, "unavailable"), False, "server_busy"),
    ],
)
def test_a_page_that_gets_no_socket(got: Answer, drops_port: bool, code: str) -> None:
    """Refused by the server for its name, or by somebody else."""
    found = upgrade.judge_own_origin(way(), "https://a.example", got, drops_port=drops_port)
    assert found.code == code


def test_a_refused_origin_can_be_let_in_by_name() -> None:
    """The flag is ready to be copied."""
    found = upgrade.judge_own_origin(
        way(), "https://a.example", refusal(403, "foreign_origin"), drops_port=False
    )
    assert "--origins https://a.example" in found.change


@pytest.mark.parametrize(("status", "code"), [(101, "any_origin"), (403, "")])
def test_the_page_of_a_stranger(status: int, code: str) -> None:
    """One that gets a socket is a warning."""
    assert upgrade.judge_foreign_origin("https://a.example", answer(status)).code == code


async def test_a_page_with_tls_and_a_socket_without() -> None:
    """Browsers do not even try: nothing is asked for."""
    (found,) = await upgrade.look_at_origin(way("http://nobody.invalid"), "b", "https://nobody.invalid")
    assert found.code == "origin_mixed"
