"""The answer to an upgrade."""

import pytest
from h11 import CLIENT, Connection, InformationalResponse, Request

from whiteboard.transport import opening
from whiteboard.transport.opening import answer_to, known_answer_to
from whiteboard.transport.upgrade import Upgrade

KEY, PROOF = "dGhlIHNhbXBsZSBub25jZQ==", b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
"""The example of RFC 6455 section 1.3."""
OTHER_KEY, OTHER_PROOF = "x3JJHMbDL1EzLkh9GBhXDw==", b"HSmrc0sMlYUkAGmm5OPpG2HaGWk="
"""The example of Wikipedia's article on WebSocket."""


def headers(answer: bytes) -> dict[bytes, bytes]:
    """Those of a 101, as a client's parser reads them."""
    parser = Connection(CLIENT)
    upgrade = [("Host", "h"), ("Upgrade", "websocket"), ("Connection", "Upgrade")]
    parser.send(Request(method="GET", target="/", headers=upgrade))
    parser.receive_data(answer)
    event = parser.next_event()
    assert isinstance(event, InformationalResponse)
    assert event.status_code == 101
    return {bytes(name): bytes(value) for name, value in event.headers}


@pytest.mark.parametrize("subprotocols", [(), ("whiteboard.v1",)])
@pytest.mark.parametrize("deflate", [None, "permessage-deflate; server_no_context_takeover"])
async def test_each_gets_its_own_proof_whoever_was_answered_before(
    monkeypatch: pytest.MonkeyPatch, subprotocols: tuple[str, ...], deflate: str | None
) -> None:
    """The library is asked once for each kind of answer; the others' differ in the proof only."""
    monkeypatch.setattr(opening, "_known", {})
    assert known_answer_to(Upgrade(KEY, subprotocols, deflate)) is None
    asked = await answer_to(Upgrade(KEY, subprotocols, deflate))
    known = known_answer_to(Upgrade(OTHER_KEY, subprotocols, deflate))
    assert known == await answer_to(Upgrade(OTHER_KEY, subprotocols, deflate))
    assert known is not None
    for answer, proof in ((asked, PROOF), (known, OTHER_PROOF)):
        told = headers(answer)
        assert told[b"sec-websocket-accept"] == proof
        assert told.get(b"sec-websocket-protocol") == (b"whiteboard.v1" if subprotocols else None)
        assert told.get(b"sec-websocket-extensions") == (None if deflate is None else deflate.encode())
    assert known == asked.replace(PROOF, OTHER_PROOF)


async def test_kinds_of_answers_are_not_mixed_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who did not offer our subprotocol is not told of it, whoever came before."""
    monkeypatch.setattr(opening, "_known", {})
    for subprotocols in (("whiteboard.v1",), (), ("other", "whiteboard.v1"), ("other",)):
        told = headers(await answer_to(Upgrade(KEY, subprotocols)))
        assert (b"sec-websocket-protocol" in told) == ("whiteboard.v1" in subprotocols)
    assert len(opening._known) == 2
