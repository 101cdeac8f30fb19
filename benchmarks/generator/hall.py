"""All clients of one server, and one loop that plays them.

Probes are read as soon as something comes. The others are read every SWEEP_SECONDS, a few at a time between
sends, so that one read takes what several small frames brought; the kernel's buffers hold it meanwhile.
"""

import gc
import os
import resource
import select
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import perf_counter
from typing import Final, NamedTuple

from benchmarks.generator.clients import (
    Chain,
    Client,
    Counting,
    FrameCounter,
    Ledger,
    MarkCounter,
    Probe,
    StreamProbe,
)
from benchmarks.generator.plans import Plan
from benchmarks.peers.peer import Peer, Voice
from benchmarks.peers.process import Process, starved_seconds_of
from benchmarks.tables import percentile

SWEEP_SECONDS: Final = 0.005
SLICE: Final = 16
"""Sends, or clients swept, before the probes are looked at again."""
SEAT_SECONDS: Final = 20.0
BEAT_SECONDS: Final = 10.0
SETTLE_SECONDS: Final = 3.0
_SPIN_SECONDS: Final = 0.0011
"""epoll waits whole milliseconds; what is nearer is waited for by `select`, which knows microseconds."""
BUSY_SHARE: Final = 0.9


class NotSeated(Exception):
    """Clients did not get in."""


@dataclass
class Played:
    """What became of a plan. Times in seconds unless named otherwise."""

    seconds: float
    """That were measured."""
    planned_per_second: float
    """Deliveries planned."""
    deliveries: int
    """Ops that reached others than their author while it was measured."""
    latencies: Sequence[float]
    """Of ops sent while it was measured, at the probes, ascending."""
    lost: int
    """Marks that never came, over all clients."""
    drained_in: float
    """From the last op due until everything was there; SETTLE_SECONDS when it never was."""
    server_cpu: float
    starved: float
    """How long the server had no core."""
    load_cpu: float
    load_starved: float
    """How long the generator had no core."""
    late_ms: float
    """p99 of how much later than planned ops were sent."""
    faults: Counter[str] = field(default_factory=Counter)

    @property
    def deliveries_per_second(self) -> float:
        """While it was measured."""
        return self.deliveries / self.seconds

    @property
    def p50_ms(self) -> float:
        """From an op's send to its being at a probe; nan when nothing came."""
        return percentile(self.latencies, 0.5) * 1_000

    @property
    def p99_ms(self) -> float:
        """From an op's send to its being at a probe; nan when nothing came."""
        return percentile(self.latencies, 0.99) * 1_000

    @property
    def cpu_per_million(self) -> float:
        """Server CPU seconds for a million deliveries."""
        return self.server_cpu / self.deliveries * 1e6 if self.deliveries else float("nan")

    @property
    def server_share(self) -> float:
        """Of one core."""
        return self.server_cpu / self.seconds

    @property
    def load_share(self) -> float:
        """What the generator took of its core."""
        return self.load_cpu / self.seconds

    @property
    def is_load_bound(self) -> bool:
        """Whether the generator was what kept it from being more."""
        return self.load_share > BUSY_SHARE


class _Meters(NamedTuple):
    """What has been counted so far."""

    at: float
    delivered: float
    server_cpu: float
    starved: float
    load_cpu: float
    load_starved: float


class Hall:
    """Everybody in some rooms of one server."""

    def __init__(self, peer: Peer, server: Process, seed: int = 1) -> None:
        self.peer = peer
        self.server = server
        self.seed = seed
        self.ledger = Ledger()
        self.clients: list[Client] = []
        self.probes: list[Probe] = []
        self.counters: list[Counting] = []
        self._by_descriptor: dict[int, Client] = {}
        self._rooms: dict[str, list[Client]] = {}
        self._chains: dict[str, Chain] = {}
        self._ops: Counter[str] = Counter()
        self._own: Counter[int] = Counter()
        self._probe_poll = select.epoll()
        self._counter_poll = select.epoll()
        self._writing: set[Client] = set()
        self._swept: list[int] = []
        self._next_sweep = self._next_beat = 0.0

    @staticmethod
    @contextmanager
    def seated(peer: Peer, server: Process, rooms: int, clients: int, probes: int = 3) -> Iterator["Hall"]:
        """So many rooms with so many clients each, of them so many probes. Raises Refused, NotSeated."""
        hall = Hall(peer, server)
        try:
            for number in range(rooms):
                hall.join(f"room-{number}", clients, probes)
            hall.wait_seated()
            yield hall
        finally:
            hall.close()

    def join(self, room: str, clients: int, probes: int) -> None:
        """Connect so many to a room; the probes are the first of them."""
        for place in range(clients):
            voice = self.peer.voice(room, len(self.clients))
            client = self._probe(voice) if place < probes else self._counter(voice)
            self.clients.append(client)
            self._rooms.setdefault(room, []).append(client)
            self._by_descriptor[client.descriptor] = client
            self._probe_poll.register(client.descriptor, select.EPOLLIN)

    def _probe(self, voice: Voice) -> Client:
        kind = Probe if self.peer.counts_frames else StreamProbe
        self.probes.append(kind(self.peer, voice, self.server.port, self.ledger))
        return self.probes[-1]

    def _counter(self, voice: Voice) -> Client:
        port = self.server.port
        counter: Counting
        if self.peer.counts_frames:
            counter = FrameCounter(self.peer, voice, port, self._chains.setdefault(voice.room, Chain()))
        else:
            counter = MarkCounter(self.peer, voice, port)
        self.counters.append(counter)
        return counter

    def wait_seated(self) -> None:
        """Until all have been told what there is; then those who only count begin to. Raises NotSeated."""
        deadline = perf_counter() + SEAT_SECONDS
        while not all(client.voice.is_seated for client in self.clients):
            self._read_ready(0.05)
            if gone := next((client.ended for client in self.clients if client.ended), ""):
                raise NotSeated(f"a client's connection {gone}")
            if perf_counter() > deadline:
                missing = sum(not client.voice.is_seated for client in self.clients)
                raise NotSeated(f"{missing} of {len(self.clients)} clients after {SEAT_SECONDS:g} s")
        quiet_until = perf_counter() + 0.1
        while perf_counter() < quiet_until:  # joins and the like of those who came last
            self._read_ready(0.02)
        for counter in self.counters:
            self._probe_poll.unregister(counter.descriptor)
            self._counter_poll.register(counter.descriptor, select.EPOLLIN)
        for client in self.clients:
            client.be_seated()

    def close(self) -> None:
        """Hang up, all of them."""
        self._probe_poll.close()
        self._counter_poll.close()
        for client in self.clients:
            client.close()

    # --- who is to get what -------------------------------------------------------------------

    def ops_by_room(self) -> Counter[str]:
        """Ops made so far."""
        return Counter(self._ops)

    def expect(self, author: Client) -> None:
        """An op of this client was made."""
        self._ops[author.voice.room] += 1
        self._own[author.number] += 1

    def _due(self, client: Client) -> int:
        """Marks that a client must get in all."""
        own = 0 if self.peer.echoes else self._own[client.number]
        return self._ops[client.voice.room] - own

    @property
    def missing(self) -> int:
        """Marks that have not come, or came too often, over all clients."""
        return sum(abs(self._due(client) - client.marks) for client in self.clients)

    @property
    def _delivered(self) -> float:
        """Ops that reached others than their author."""
        marks = sum(client.marks for client in self.clients)
        if not self.peer.echoes:
            return marks
        largest = max(map(len, self._rooms.values()))
        return marks * (largest - 1) / largest

    # --- the loop -----------------------------------------------------------------------------

    def play(self, plan: Plan, settle_seconds: float = SETTLE_SECONDS) -> Played:
        """Send what is planned, take what comes, then wait until everything is there."""
        for probe in self.probes:
            probe.latencies.clear()
        gc.collect()
        gc.disable()
        try:
            return self._play(plan, settle_seconds)
        finally:
            gc.enable()

    def _play(self, plan: Plan, settle_seconds: float) -> Played:
        begin = perf_counter()
        late = self._send_until(plan, begin, 0, begin + plan.measured_from)
        first = len(late)
        before = self._meters()
        late += self._send_until(plan, begin, first, begin + plan.seconds)
        after = self._meters()
        late += self._send_until(plan, begin, len(late), float("inf"))  # what it was too late for
        drained = self._settle(settle_seconds)
        measured = frozenset(plan.numbers[first:])
        return Played(
            seconds=after.at - before.at,
            planned_per_second=self._planned_deliveries(plan),
            deliveries=round(after.delivered - before.delivered),
            latencies=sorted(t for probe in self.probes for n, t in probe.latencies if n in measured),
            lost=self.missing,
            drained_in=drained,
            server_cpu=after.server_cpu - before.server_cpu,
            starved=after.starved - before.starved,
            load_cpu=after.load_cpu - before.load_cpu,
            load_starved=after.load_starved - before.load_starved,
            late_ms=percentile(late, 0.99) * 1_000,
            faults=self._faults(),
        )

    def _planned_deliveries(self, plan: Plan) -> float:
        return plan.ops_per_second * (len(self.clients) / len(self._rooms) - 1)

    def _meters(self) -> _Meters:
        usage = resource.getrusage(resource.RUSAGE_SELF)
        return _Meters(
            perf_counter(),
            self._delivered,
            self.server.cpu_seconds,
            self.server.starved_seconds,
            usage.ru_utime + usage.ru_stime,
            starved_seconds_of("self"),
        )

    def _send_until(self, plan: Plan, begin: float, place: int, end: float) -> list[float]:
        """Send from `place` on what is due before `end`, and be there until then; how late each was."""
        late: list[float] = []
        due, authors, numbers, frames = plan.due, plan.authors, plan.numbers, plan.frames
        clients, sent_at, writing = self.clients, self.ledger.sent_at, self._writing
        last = len(due)
        while (now := perf_counter()) < end:
            stop = min(place + SLICE, last)
            while place < stop and begin + due[place] <= now:
                client = clients[authors[place]]
                now = sent_at[numbers[place]] = perf_counter()
                late.append(now - begin - due[place])
                client.send(frames[place])
                if client.has_unsent:
                    writing.add(client)
                place += 1
            if place == last and end == float("inf"):
                break
            next_due = begin + due[place] if place < last else end
            self._pass(min(next_due, end) - now, now)
        return late

    def _settle(self, seconds: float) -> float:
        begin = perf_counter()
        while (now := perf_counter()) - begin < seconds:
            self._pass(SWEEP_SECONDS, now)
            if not self._swept and self.missing == 0:
                return now - begin
        return seconds

    def _pass(self, wait_seconds: float, now: float) -> None:
        """Read probes that are ready and a slice of the others, waiting for what is due first."""
        if now >= self._next_beat:
            self._beat(now)
        if self._writing:
            self._flush()
        if not self._swept and now >= self._next_sweep:
            self._swept = [descriptor for descriptor, _ in self._counter_poll.poll(0)]
            self._next_sweep = now + SWEEP_SECONDS
        if self._swept:
            for descriptor in self._swept[-SLICE:]:
                self._count(descriptor)
            del self._swept[-SLICE:]
            self._read_ready(0.0)
        else:
            self._read_ready(min(wait_seconds, self._next_sweep - now))

    def _count(self, descriptor: int) -> None:
        client = self._by_descriptor[descriptor]
        assert isinstance(client, MarkCounter | FrameCounter)
        client.count()
        if client.ended:
            self._counter_poll.unregister(descriptor)

    def _read_ready(self, wait_seconds: float) -> None:
        if 0 < wait_seconds < _SPIN_SECONDS:
            select.select([self._probe_poll], [], [], wait_seconds)
            wait_seconds = 0.0
        for descriptor, _ in self._probe_poll.poll(max(wait_seconds, 0.0)):
            client = self._by_descriptor[descriptor]
            client.receive()
            if client.has_unsent:
                self._writing.add(client)
            if client.ended:
                self._probe_poll.unregister(descriptor)

    def _flush(self) -> None:
        for client in list(self._writing):
            client.flush()
            if not client.has_unsent:
                self._writing.discard(client)

    def _beat(self, now: float) -> None:
        """Those who only count answer no pings, so everybody says now and then that they are there."""
        if self._next_beat:
            for client in self.clients:
                if not client.ended:
                    client.send(client.voice.beat())
        self._next_beat = now + BEAT_SECONDS

    def _faults(self) -> Counter[str]:
        faults = Counter(f"connection {client.ended}" for client in self.clients if client.ended)
        return sum((probe.faults for probe in self.probes), faults)


def take_load_core(core: int) -> None:
    """Keep this process on its core, where there are several, and let it open many sockets."""
    if hasattr(os, "sched_setaffinity") and (os.cpu_count() or 1) > core:
        os.sched_setaffinity(0, {core})
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
