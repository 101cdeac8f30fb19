"""Request bodies, bounded in size and time."""

from starlette.requests import ClientDisconnect, Request

from whiteboard.deadlines import within
from whiteboard.timeouts import Timeout
from whiteboard.web.answers import Refused


async def read_body(request: Request, most: int, patience: Timeout) -> bytes:
    """The body of a request. Raises Refused (413, 408), ClientDisconnect.

    Args:
        most: bytes; more is refused as soon as it is announced or has come, without waiting for the rest.
        patience: for all of it.
    """
    announced = request.headers.get("content-length", "")
    if announced.isascii() and announced.isdigit() and int(announced) > most:
        raise _too_large(most)
    body = bytearray()
    with within(patience):
        while True:
            message = await request.receive()
            if message["type"] == "http.disconnect":
                raise ClientDisconnect
            body += message.get("body", b"")
            if len(body) > most:
                raise _too_large(most)
            if not message.get("more_body", False):
                return bytes(body)
    raise Refused(408, "timeout", f"The body took longer than {patience.seconds:g} s.")


def _too_large(most: int) -> Refused:
    return Refused(413, "too_large", f"At most {most} bytes.")
