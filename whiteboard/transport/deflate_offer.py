"""Agreeing on permessage-deflate (RFC 7692 section 7.1). Pure.

Owns which offer is taken, and what is answered. A message is deflated once for everybody, so neither side
keeps a context from one message to the next; a client that wants otherwise, or anything that is not known
here, is served without deflate.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from whiteboard import limits

NAME: Final = "permessage-deflate"
_ANSWER: Final = f"{NAME}; server_no_context_takeover; client_no_context_takeover"

_WORD: Final = r"[0-9A-Za-z!#$%&'*+\-.^_`|~]+"
_PARAMETER: Final = re.compile(rf'[ \t]*;[ \t]*({_WORD})(?:[ \t]*=[ \t]*(?:({_WORD})|"({_WORD})"))?')
_EXTENSION: Final = re.compile(rf"[ \t]*({_WORD})((?:{_PARAMETER.pattern})*)[ \t]*(?:,|$)")
_KEPT: Final = 64
_KEPT_CHARS: Final = 256
_WINDOW: Final = re.compile(r"[89]|1[0-5]")


def answer_to_offers(offered: str) -> str | None:
    """The `Sec-WebSocket-Extensions` of the answer; None when deflate is not agreed on.

    The first offer that can be kept counts. A header that breaks the grammar offers nothing.
    """
    return _recent_answer(offered) if len(offered) <= _KEPT_CHARS else _answer_to(offered)


def _answer_to(offered: str) -> str | None:
    for name, parameters in _offers(offered):
        if name == NAME and parameters is not None and (answer := _answer(parameters)) is not None:
            return answer
    return None


_recent_answer = lru_cache(_KEPT)(_answer_to)
"""Each browser has one way to offer it, which takes longer to read than the rest of its request."""

Parameters = dict[str, str | None]


def _offers(offered: str) -> Iterator[tuple[str, Parameters | None]]:
    """Names with their parameters; None for parameters that are said twice."""
    found, at = [], 0
    while at < len(offered):
        match = _EXTENSION.match(offered, at)
        if match is None:
            return
        found.append((match[1], _parameters(match[2])))
        at = match.end()
    yield from found


def _parameters(text: str) -> Parameters | None:
    said = [(match[1], match[2] or match[3]) for match in _PARAMETER.finditer(text)]
    return dict(said) if len(dict(said)) == len(said) else None


def _answer(parameters: Parameters) -> str | None:
    answer = _ANSWER
    for name, value in parameters.items():
        match name, value:
            case (
                ("server_no_context_takeover" | "client_no_context_takeover" | "client_max_window_bits"),
                None,
            ):
                pass
            case "client_max_window_bits", str() if _WINDOW.fullmatch(value):
                pass  # what they say of their own window is no matter: any can be read
            case "server_max_window_bits", str() if (
                _WINDOW.fullmatch(value) and int(value) >= limits.DEFLATE_WINDOW_BITS
            ):
                answer += f"; {name}={limits.DEFLATE_WINDOW_BITS}"
            case _:
                return None
    return answer
