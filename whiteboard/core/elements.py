"""One element: a join-semilattice of registers and ink, and its JSON form.

Every part only ever moves up in its own order, so applying ops in any order, any number of times,
ends in the same state: `created` keeps the lowest create stamp, a register keeps the value with the
highest stamp, ink keeps all points. The tombstone is one more register, under the reserved name
`deleted`. See docs/spec/ for the rules and `clocks.py` for the order.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec

from whiteboard.core.clocks import Stamp
from whiteboard.core.ink import Ink
from whiteboard.core.ops import (
    RESERVED,
    Append,
    Create,
    Delete,
    ElementType,
    Json,
    Op,
    Restore,
    Run,
    SetProperties,
)
from whiteboard.core.order_keys import order_key
from whiteboard.ids import ClientId, ElementId

DrawKey = tuple[str, Stamp]
"""Where an element stands: its order key, then the stamp of its create. No two are equal."""
_TOMBSTONE: Final = "deleted"
_BARE_BYTES: Final = 100
"""About what an element's id, type, author and create stamp take."""
_REGISTER_BYTES: Final = 4
"""What a register takes beside its name and value: quotes, colon, comma."""
_NULL: Final = b"null"
_encode = msgspec.json.encode
_KINDS: Final = {kind: _encode(kind.value) for kind in ElementType}


class Element:
    """All that is known of one element id, also before its create arrived."""

    __slots__ = ("_ink", "_inks", "_stamps", "_values", "created", "id", "kind", "size_bytes", "touched")

    def __init__(self, element: ElementId) -> None:
        self.id = element
        self.created: Stamp | None = None
        """Stamp of the create that counts: the lowest of all creates; None before any."""
        self.kind: ElementType | None = None
        self.size_bytes = _BARE_BYTES
        """About what `state` takes, without encoding it."""
        self.touched = 0
        """The board's seq when an op last met this element."""
        self._values: dict[str, Json] = {}
        self._stamps: dict[str, Stamp] | None = None
        # of registers that were not written by the create that counts
        self._ink: Ink | None = None
        self._inks: dict[ClientId, Ink] | None = None
        # the first client's, and the others': nearly all strokes are one client's, and an empty dict takes 80 bytes

    @property
    def author(self) -> ClientId | None:
        """The client whose create counts; its points are the ones shown."""
        return self.created.client if self.created else None

    @property
    def is_deleted(self) -> bool:
        """Whether the tombstone register says so."""
        return self._values.get(_TOMBSTONE) == b"true"

    @property
    def is_visible(self) -> bool:
        """Created and not deleted."""
        return self.created is not None and not self.is_deleted

    @property
    def draw_key(self) -> DrawKey:
        """Sorts visible elements from bottom to top. Only for created elements."""
        if self.created is None:
            raise ValueError(f"element {self.id!r} is not created yet")
        z = self._values.get("z", _NULL)
        key = order_key(self.created.lamport) if z == _NULL else msgspec.json.decode(z, type=str)
        return (key, self.created)

    @property
    def properties(self) -> dict[str, Json]:
        """Properties that are set, as JSON text by name."""
        return {name: value for name, value in self._values.items() if value != _NULL and name != _TOMBSTONE}

    @property
    def property_names(self) -> Iterable[str]:
        """Names of every property register, unset ones too."""
        return self._values.keys() - {_TOMBSTONE}

    @property
    def register_count(self) -> int:
        """How many registers there are, the tombstone's included."""
        return len(self._values)

    @property
    def points(self) -> Run | None:
        """The points to show: the author's, contiguous from index 0; None for what is no stroke."""
        if self.kind is not ElementType.STROKE or self.created is None:
            return None
        ink = self._ink_of(self.created.client)
        return None if ink is None else ink.shown

    def copy(self) -> "Element":
        """An independent copy."""
        twin = Element(self.id)
        twin.created, twin.kind, twin.size_bytes = self.created, self.kind, self.size_bytes
        twin.touched = self.touched
        twin._values = self._values.copy()
        twin._stamps = None if self._stamps is None else self._stamps.copy()
        twin._ink = None if self._ink is None else self._ink.copy()
        if self._inks is not None:
            twin._inks = {client: ink.copy() for client, ink in self._inks.items()}
        return twin

    def apply(self, op: Op, stamp: Stamp) -> bool:
        """Merge an op on this element; True when that changed anything."""
        match op:
            case Create():
                return self._create(op, stamp)
            case Append():
                return self._add_points(stamp.client, op.run)
            case SetProperties():
                return self._write(op.properties, stamp)
            case Delete():
                return self._write({_TOMBSTONE: b"true"}, stamp)
            case Restore():
                return self._write({_TOMBSTONE: b"false"}, stamp)

    def _create(self, op: Create, stamp: Stamp) -> bool:
        changed = self._begin(stamp, op.kind)
        if changed and not self._values:
            self._fill(op.properties)
        else:
            changed |= self._write(op.properties, stamp.initial)
        if op.run is not None:
            changed |= self._add_points(stamp.client, op.run)
        return changed

    def _fill(self, properties: Mapping[str, Json]) -> None:
        """The first properties, written by the create that counts: no stamps to compare or to keep."""
        self._values = dict(properties)
        for name, value in properties.items():
            self.size_bytes += len(name) + _REGISTER_BYTES + len(value)

    def _begin(self, stamp: Stamp, kind: ElementType) -> bool:
        """Let a create count if it is the lowest one."""
        if self.created is not None:
            if not stamp < self.created:
                return False
            before = self.created.initial
            self._stamps = dict.fromkeys(self._values, before) | (self._stamps or {})
        self.created, self.kind = stamp, kind
        return True

    def _write(self, properties: Mapping[str, Json], stamp: Stamp) -> bool:
        changed = False
        is_initial = stamp.lamport < 0 and self.created is not None and stamp == self.created.initial
        for name, value in properties.items():
            before = self._values.get(name)
            if before is None:
                self.size_bytes += len(name) + _REGISTER_BYTES + len(value)
            elif self._is_newer(stamp, name):
                self.size_bytes += len(value) - len(before)
            else:
                continue
            self._values[name] = value
            if not is_initial:
                self._stamps = self._stamps or {}
                self._stamps[name] = stamp
            changed = True
        return changed

    def _is_newer(self, stamp: Stamp, name: str) -> bool:
        """Whether a stamp is above that of a register. Only initial ones are below 0."""
        standing = self._stamps.get(name) if self._stamps else None
        if standing is None and self.created is not None:
            return stamp.lamport >= 0 or stamp > self.created.initial
        return standing is None or stamp > standing

    def _add_points(self, client: ClientId, run: Run) -> bool:
        if run.count == 0:
            return False
        ink = self._ink_of(client)
        if ink is None:
            ink = self._begin_ink(client)
        before = ink.size_bytes
        changed = ink.add(run)
        self.size_bytes += ink.size_bytes - before
        return changed

    def _ink_of(self, client: ClientId) -> Ink | None:
        if self._ink is not None and self._ink.client == client:
            return self._ink
        return self._inks.get(client) if self._inks else None

    def _begin_ink(self, client: ClientId) -> Ink:
        ink = Ink(client)
        if self._ink is None:
            self._ink = ink
        else:
            self._inks = self._inks or {}
            self._inks[client] = ink
        return ink

    # --- JSON forms ---------------------------------------------------------------------------

    def view(self) -> Json:
        """The element as people read it: id, type, by, properties, points. Only when created."""
        view: dict[str, Any] = {"id": self.id}
        if self.kind is not None:
            view |= {"type": self.kind.value, "by": self.author}
        if self.kind is ElementType.STROKE:
            shown = self.points
            view["points"] = msgspec.Raw(b"[" + shown.points + b"]" if shown else b"[]")
        return _encode(view | {name: msgspec.Raw(value) for name, value in self.properties.items()})

    def tombstone(self) -> Json:
        """The state of the tombstone register alone, once it was written."""
        stamps = {_TOMBSTONE: (self._stamps or {})[_TOMBSTONE]}
        return _encode({"id": self.id, _TOMBSTONE: self.is_deleted, "stamps": stamps})

    def state(self) -> Json:
        """The whole state, stamps included: another replica joins it with `Element.join`.

        Of the texts at hand, without an encoder for the whole: a third of the time, and whatever is laid to rest
        passes here.
        """
        shown = self.points
        texts = [b'{"id":', _encode(self.id)]
        if self.created is not None and self.kind is not None:
            author = _encode(self.created.client)
            texts += (
                b',"type":',
                _KINDS[self.kind],
                b',"by":',
                author,
                b',"created":',
                _encode(self.created),
            )
        if self.kind is ElementType.STROKE:
            texts += (b',"points":[', shown.points if shown else b"", b"]")
        for name, value in self._values.items():
            texts += (b",", _encode(name), b":", value)
        if self._stamps:
            stamps = {name: self._stamps[name] for name in self._values if name in self._stamps}
            texts += (b',"stamps":', _encode(stamps))
        if self._ink is not None and (hidden := self._hidden_ink(shown)):
            texts += (b',"ink":', _encode(hidden))
        texts.append(b"}")
        return b"".join(texts)

    def _hidden_ink(self, shown: Run | None) -> dict[ClientId, list[tuple[int, msgspec.Raw]]]:
        """Points that are not the ones shown: gapped, by others, or of no stroke."""
        hidden = {}
        for ink in (self._ink, *self._inks.values()) if self._inks else (self._ink,):
            runs = [run for run in ink or () if run is not shown]
            if ink and runs:
                hidden[ink.client] = [(r.start, msgspec.Raw(b"[" + r.points + b"]")) for r in runs]
        return hidden

    def join(self, state: Json) -> bool:
        """Merge another replica's `state()` of this element; True when that changed anything.

        Raises ValueError when the bytes are no element state.
        """
        try:
            fields = _decode_fields(state)
            return self._join_fields(fields)
        except (msgspec.MsgspecError, KeyError, ValueError) as error:
            raise ValueError(f"no state of element {self.id!r}: {error}") from error

    def _join_fields(self, fields: dict[str, msgspec.Raw]) -> bool:
        changed = False
        created = _stamp(fields["created"]) if "created" in fields else None
        if created is not None and (self.created is None or created < self.created):
            changed = self._begin(created, ElementType(msgspec.json.decode(fields["type"], type=str)))
        initial = created.initial if created else None
        stamps = _decode_stamps(fields["stamps"]) if "stamps" in fields else {}
        for name, value in fields.items():
            if name not in RESERVED or name == _TOMBSTONE:
                stamp = Stamp(*stamps[name]) if name in stamps else initial
                if stamp is None:
                    raise KeyError(f"no stamp for {name!r}")
                changed |= self._write({name: bytes(value)}, stamp)
        return self._join_ink(fields, created) or changed

    def _join_ink(self, fields: dict[str, msgspec.Raw], created: Stamp | None) -> bool:
        changed = False
        if created is not None and "points" in fields:
            changed |= self._add_points(created.client, run_of(0, bytes(fields["points"])))
        if "ink" in fields:
            for client, runs in _decode_ink(fields["ink"]).items():
                for start, points in runs:
                    changed |= self._add_points(client, run_of(start, bytes(points)))
        return changed


_decode_fields = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_decode_stamps = msgspec.json.Decoder(dict[str, tuple[int, ClientId, int]]).decode
_decode_stamp = msgspec.json.Decoder(tuple[int, ClientId, int]).decode
_decode_ink = msgspec.json.Decoder(dict[ClientId, list[tuple[int, msgspec.Raw]]]).decode
_decode_array = msgspec.json.Decoder(list[msgspec.Raw]).decode


def run_of(start: int, array: Json) -> Run:
    """A run from a JSON array of points; the points themselves are not checked."""
    text = array.strip()
    return Run(start, len(_decode_array(text)), text[1:-1].strip())


def _stamp(raw: msgspec.Raw) -> Stamp:
    return Stamp(*_decode_stamp(raw))
