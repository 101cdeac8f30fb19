"""The wire described for machines, out of the message classes. Pure."""

from typing import Any

import msgspec

from whiteboard.protocol import messages


def messages_schema() -> bytes:
    """JSON Schema of every message."""
    return msgspec.json.encode(_components("#/$defs/{name}"))


def asyncapi() -> bytes:
    """The AsyncAPI document."""
    document = {
        "asyncapi": "3.0.0",
        "info": {"title": "whiteboard", "version": "1"},
        "components": {"schemas": _components("#/components/schemas/{name}")["$defs"]},
    }
    return msgspec.json.encode(document)


def _components(template: str) -> dict[str, Any]:
    (_, schemas) = msgspec.json.schema_components(
        [messages.ClientMessage, messages.ServerMessage], ref_template=template
    )
    return {"$defs": schemas}
