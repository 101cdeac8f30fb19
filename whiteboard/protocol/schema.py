"""The protocol for machines: JSON Schema and AsyncAPI, generated from the message classes. Pure.

Owns how classes become documents, not what the messages are: that is `messages.py`, and what it cannot
say is in docs/spec/. The committed copies in `generated/` are written and checked by
`python -m whiteboard schema`.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Annotated, Any, Final, Literal, get_args

import msgspec
from msgspec import UNSET, UnsetType

from whiteboard import limits
from whiteboard.ids import MAX_COUNTER
from whiteboard.protocol import close_codes, codec, messages

Schema = dict[str, Any]

_OPS: Final = tuple(get_args(messages.ClientOp))
_FROM_CLIENT: Final = tuple(get_args(messages.ClientMessage))
_FROM_SERVER: Final = tuple(get_args(messages.ServerMessage))
_REQUIRED_STAMPS: Final = ("seq", "at", "opId", "by", "clock", "seen", "lamport")

_STEPS: Final = {
    "type": "array",
    "items": {"type": "integer"},
    "minItems": 4,
    "description": "Steps, in snapshots for clients that read them: width, scale, x, y, dx, dy, …",
}
"""msgspec has no union of two arrays."""

Stamp = tuple[messages.Seq, messages.ClientIdText, messages.Counter]
Lamport = Annotated[int, msgspec.Meta(ge=-MAX_COUNTER - 1, le=MAX_COUNTER)]
RegisterStamp = tuple[Lamport, messages.ClientIdText, messages.Counter]
"""What a create wrote has a negative lamport number (MRG-4)."""


class ElementState(messages.Properties, kw_only=True):
    """All that is known of an element; unknown properties stand beside the known ones."""

    id: messages.ElementIdText
    type: Literal["stroke", "shape", "text", "note", "image", "page"] | UnsetType = UNSET
    by: messages.ClientIdText | UnsetType = UNSET
    created: Stamp | UnsetType = UNSET
    points: messages.Points | UnsetType = UNSET
    stamps: dict[str, RegisterStamp] | UnsetType = UNSET
    deleted: bool | UnsetType = UNSET
    ink: dict[messages.ClientIdText, list[tuple[messages.Seq, messages.Points]]] | UnsetType = UNSET


class Stamps(msgspec.Struct, kw_only=True):
    """What the server adds to an op."""

    seq: messages.Counter
    at: messages.Seq
    opId: messages.OpIdText
    by: messages.ClientIdText
    clock: dict[messages.ClientIdText, messages.Seq]
    seen: messages.Seq
    lamport: messages.Seq
    element: ElementState | UnsetType = UNSET


def messages_schema() -> bytes:
    """All messages as one JSON Schema (draft 2020-12); a document is a frame of either side."""
    schemas = _schemas("#/$defs/")
    document = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:{codec.SUBPROTOCOL}:messages",
        "title": "Whiteboard messages",
        "description": "A text message of the WebSocket, by a client or by the server. Generated.",
        "anyOf": [{"$ref": "#/$defs/ClientFrame"}, {"$ref": "#/$defs/ServerFrame"}],
        "$defs": schemas
        | _frames("Client", _names(_FROM_CLIENT), limits.MAX_BATCH)
        | _frames("Server", [*_names(_FROM_SERVER), *_stamped_names()], None),
    }
    return _encode(document)


def asyncapi() -> bytes:
    """The WebSocket side of the server as an AsyncAPI 3.0 document."""
    from_client, from_server = _names(_FROM_CLIENT), [*_names(_FROM_SERVER), *_stamped_names()]
    names = [*from_client, *from_server]
    schemas = _schemas("#/components/schemas/")
    document = {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Whiteboard",
            "version": f"{codec.VERSION}.0.0",
            "description": (
                "Messages are JSON in text messages of a WebSocket, one"
                " object or an array of them. The rules are in docs/spec. Generated."
            ),
            "license": {"name": "MIT"},
        },
        "defaultContentType": "application/json",
        "channels": {"board": _channel(names)},
        "operations": {
            "fromClient": _operation("receive", from_client, "What a client may send."),
            "fromServer": _operation("send", from_server, "What a client gets."),
        },
        "components": {
            "messages": {name: _message(name, schemas[name]) for name in names},
            "schemas": schemas,
        },
    }
    return _encode(document)


DOCUMENTS: Final[Mapping[str, Callable[[], bytes]]] = {
    "messages.schema.json": messages_schema,
    "asyncapi.json": asyncapi,
}
"""The committed copies in `generated/`, by file name."""


# --- schemas ----------------------------------------------------------------------------------


def _schemas(home: str) -> dict[str, Schema]:
    """A schema per message and per part of one; references point to `home`."""
    classes = [*_FROM_CLIENT, *_FROM_SERVER, ElementState, Stamps]
    _, found = msgspec.json.schema_components(classes, ref_template=home + "{name}")
    schemas: dict[str, Schema] = {name: _plain(schema) for name, schema in found.items()}
    stamps = schemas.pop("Stamps")
    schemas["Snapshot"]["properties"]["elements"]["items"] = {"$ref": home + "ElementState"}
    told = schemas["ElementState"]["properties"]
    told["points"] = {"anyOf": [told["points"], _STEPS]}
    for name in _names(_OPS):
        schemas[f"Stamped{name}"] = _stamped(schemas[name], stamps)
    return schemas


def _stamped(op: Schema, stamps: Schema) -> Schema:
    """An op as the log has it: the stamps are there, `ts` is not."""
    own = {name: schema for name, schema in op["properties"].items() if name not in ("ts", "opId")}
    required = [name for name in op["required"] if name not in _REQUIRED_STAMPS]
    return {
        "title": f"Stamped{op['title']}",
        "description": f"As everybody gets it: {op['description']}",
        "type": "object",
        "properties": own | stamps["properties"],
        "required": [*required, *_REQUIRED_STAMPS],
    }


def _plain(schema: Any) -> Any:
    """Without what JSON Schema drafts and AsyncAPI spell differently: tuples become bounded arrays."""
    if isinstance(schema, list):
        return [_plain(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    plain = {name: _plain(value) for name, value in schema.items() if name != "discriminator"}
    if "prefixItems" in plain:
        items: list[Any] = []
        for one in plain.pop("prefixItems"):
            if one not in items:
                items.append(one)
        plain["items"] = items[0] if len(items) == 1 else {"anyOf": items}
    return plain


def _frames(side: str, names: Iterable[str], max_batch: int | None) -> dict[str, Schema]:
    message = {"$ref": f"#/$defs/{side}Message"}
    batch: Schema = {"type": "array", "items": message}
    if max_batch is not None:
        batch["maxItems"] = max_batch
    return {
        f"{side}Message": {"oneOf": [{"$ref": f"#/$defs/{name}"} for name in names]},
        f"{side}Frame": {"anyOf": [message, batch]},
    }


def _names(classes: Iterable[type]) -> list[str]:
    return [one.__name__ for one in classes]


def _stamped_names() -> list[str]:
    return [f"Stamped{name}" for name in _names(_OPS)]


# --- AsyncAPI ---------------------------------------------------------------------------------


def _channel(names: Iterable[str]) -> Schema:
    return {
        "address": "/ws/{board}",
        "title": "A board",
        "description": "One WebSocket is one session on one board.",
        "parameters": {"board": {"description": "1 to 128 of A-Z a-z 0-9 _ . -"}},
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in names},
        "bindings": {
            "ws": {
                "method": "GET",
                "query": {"type": "object", "properties": {"token": {"type": "string"}}},
                "bindingVersion": "0.1.0",
            }
        },
        "x-subprotocol": codec.SUBPROTOCOL,
        "x-limits": limits.published(),
        "x-close-codes": [
            {"code": one.code, "name": one.name, "meaning": one.meaning, "clientShould": one.client_should}
            for one in close_codes.CLOSE_CODES.values()
        ],
    }


def _operation(action: str, names: Iterable[str], summary: str) -> Schema:
    return {
        "action": action,
        "channel": {"$ref": "#/channels/board"},
        "summary": summary,
        "messages": [{"$ref": f"#/channels/board/messages/{name}"} for name in names],
    }


def _message(name: str, schema: Schema) -> Schema:
    return {
        "name": schema["properties"]["type"]["enum"][0],
        "title": name,
        "summary": schema["description"],
        "payload": {"$ref": f"#/components/schemas/{name}"},
    }


def _encode(document: Schema) -> bytes:
    return json.dumps(document, indent=1, ensure_ascii=False).encode() + b"\n"
