"""What is said to a Consul agent, and what its answers mean. Pure: nothing that it says is taken on trust.

The words are those of its HTTP API, version 1, as of Consul 1.8.
"""

from typing import Any

import attrs
import msgspec
from msgspec import Struct

from whiteboard import limits, timeouts
from whiteboard.cluster.instances import Health, Instance
from whiteboard.config import BasePath, TcpAddress
from whiteboard.errors import AgentFault


@attrs.frozen(kw_only=True)
class Registration:
    """One server's line on the list."""

    service: str
    own: Instance
    address: TcpAddress
    """Where others and the agent reach it; with a host."""
    base_path: BasePath
    tls: bool
    run: str
    """Made up for each start: tells this process from another one of the same name."""

    def body(self) -> dict[str, Any]:
        """What the agent is to write down."""
        own = self.own
        return {
            "ID": own.name,
            "Name": self.service,
            "Address": self.address.host,
            "Port": self.address.port,
            "Tags": list(own.tags),
            "Meta": {"version": own.version, "mode": own.mode, "since": str(own.since), "run": self.run},
            "Check": {
                "Name": "readyz",
                "HTTP": f"{'https' if self.tls else 'http'}://{self.address}{self.base_path}/readyz",
                "Interval": _duration(timeouts.CONSUL_CHECK),
                "Timeout": _duration(timeouts.CONSUL_CHECK_ANSWER),
                # It asks whether we serve, and tells us nothing: the certificate may be one for people's name only.
                "TLSSkipVerify": self.tls,
                "DeregisterCriticalServiceAfter": _duration(timeouts.CONSUL_FORGET),
            },
        }


def _duration(timeout: timeouts.Timeout) -> str:
    return f"{timeout.seconds:g}s"


# --- answers ----------------------------------------------------------------------------------


class _Service(Struct, rename="pascal"):
    id: str = msgspec.field(name="ID")
    address: str = ""
    port: int = 0
    tags: list[str] | None = None
    meta: dict[str, str] | None = None


class _Node(Struct, rename="pascal"):
    address: str = ""


class _Check(Struct, rename="pascal"):
    status: str


class _Entry(Struct, rename="pascal"):
    node: _Node
    service: _Service
    checks: list[_Check] | None = None


@attrs.frozen
class Listing:
    """A service's line, and which process wrote it."""

    instance: Instance
    run: str


def read_listings(body: bytes) -> list[Listing]:
    """The lines of `/v1/health/service/…`, at most MAX_INSTANCES, by name. Raises AgentFault."""
    entries: list[_Entry] = _read(body, list[_Entry])
    lines = map(_listing, entries[: limits.MAX_INSTANCES])
    return sorted(lines, key=lambda one: (one.instance.name, one.instance.address))


def _listing(entry: _Entry) -> Listing:
    service, meta = entry.service, entry.service.meta or {}
    # a service without an address is where its node is
    address = TcpAddress(_cut(service.address or entry.node.address), service.port)
    since = meta.get("since", "")
    instance = Instance(
        name=_cut(service.id),
        address=str(address),
        mode=_cut(meta.get("mode", "")),
        version=_cut(meta.get("version", "")),
        since=int(since) if since.isascii() and since.isdigit() and len(since) <= _SINCE_DIGITS else None,
        tags=tuple(_cut(tag) for tag in service.tags or ())[: limits.MAX_SERVICE_TAGS],
        health=Health.of([check.status for check in entry.checks or ()]),
    )
    return Listing(instance, meta.get("run", ""))


_SINCE_DIGITS = 15
"""Digits of a time in milliseconds until the year 31,688."""


def read_run(body: bytes) -> str:
    """Which process wrote the line that `/v1/agent/service/…` shows. Raises AgentFault."""
    service: _Service = _read(body, _Service)
    return (service.meta or {}).get("run", "")


def _read(body: bytes, kind: Any) -> Any:
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        reason = f"answers with something else than Consul would: {error}"
        raise AgentFault(reason, answered=True) from error


def _cut(text: str) -> str:
    return text[: limits.MAX_SERVICE_TAG_CHARS]


def next_index(index: int, told: str) -> int:
    """What to ask for a change beyond, after an answer that has `told` its index; 0 asks for the list at once.

    Consul's rules for blocking queries: begin again when the index goes back (an agent that was restored, or
    another one), and wait with 1 at least, since 0 would not wait at all. Raises AgentFault when it is none.
    """
    if not (told.isascii() and told.isdigit() and len(told) <= _INDEX_DIGITS):
        raise AgentFault("answers without the index of a list", answered=True)
    found = max(1, int(told))
    return 0 if found < index else found


_INDEX_DIGITS = 20
"""Digits of a number of 64 bits."""


def reason_of(status: int, body: bytes) -> str:
    """A refusal, in one bounded line."""
    said = body[: limits.MAX_CONSUL_REASON_CHARS].decode("utf-8", "replace").strip()
    return f"answers {status}: {said}" if said else f"answers {status}"
