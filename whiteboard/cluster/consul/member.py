"""Being on Consul's list: put there, kept there, taken off it, and what the list says of the others.

```
consul nursery
  keep    registers, then looks every CONSUL_LOOK whether the agent still has us
  watch   blocking queries: is told of changes, and has a view that is never older than CONSUL_WAIT
```

Nobody waits for either of them. An agent that is away, refuses or talks nonsense is asked again after a
growing delay, and said so once; what was seen of the others stays, with its age.

Each process makes up a word for its run and writes it into its line. So two processes of one name, such
as the old one and the new one of a restart, do not take each other off the list: the later one has it.
"""

import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import attrs
import trio

from whiteboard import timeouts
from whiteboard.cluster.consul.agent import Agent, open_agent
from whiteboard.cluster.consul.backoff import Uniform, retry_delay
from whiteboard.cluster.consul.words import Listing, Registration, next_index, read_listings, read_run
from whiteboard.cluster.instances import Health
from whiteboard.cluster.membership import AgentState, Listed, View
from whiteboard.config import ConsulUrl, Secret
from whiteboard.deadlines import deadline, within
from whiteboard.diagnostics import logs
from whiteboard.errors import AgentFault

log = logs.get_logger()


class ConsulMember:
    """A server on Consul's list. Made by `open_consul`."""

    def __init__(
        self, agent: Agent, registration: Registration, uniform: Uniform, *, registers: bool = True
    ) -> None:
        self._agent = agent
        self._registers = registers
        self._registration = registration
        self._name = registration.own.name
        self._uniform = uniform
        self._turn = trio.Lock()
        # held while our own line is looked at or changed
        self._is_leaving = False
        self._has_tried = False
        # the agent may have our line
        self._was_registered = False
        self._is_registered = False
        self._has_rival = False
        self._index = 0
        self._listings: list[Listing] = []
        self._seen_at: float | None = None
        self._states: dict[str, AgentState] = {}

    # --- as the composition root sees it ------------------------------------------------------

    def view(self) -> View:
        """See `Membership`."""
        ours = (one.instance.health for one in self._listings if one.run == self._registration.run)
        return View(
            own=attrs.evolve(self._registration.own, health=next(ours, None)),
            others=tuple(one.instance for one in self._listings if one.run != self._registration.run),
            listed=Listed(
                agent=self._state,
                is_registered=self._is_registered if self._registers else self._is_seen,
                age=None if self._seen_at is None else trio.current_time() - self._seen_at,
            ),
        )

    @property
    def _is_seen(self) -> bool:
        """Whether our line was on the list when it was seen last."""
        return any(one.run == self._registration.run for one in self._listings)

    async def leave(self) -> None:
        """See `Membership`. The first call counts."""
        if self._is_leaving:
            return
        self._is_leaving = True
        try:
            with deadline(timeouts.CONSUL_LEAVE, shield=True):
                await self._take_off()
        except AgentFault as fault:
            log.warning("consul_not_left", reason=str(fault))
        except trio.TooSlowError:
            log.warning("consul_not_left", reason=f"did not answer for {timeouts.CONSUL_LEAVE.seconds:g} s")

    # --- our own line -------------------------------------------------------------------------

    async def keep(self) -> None:
        """Keep our line on the list for ever."""
        await self._repeat("keep", self._hold, timeouts.CONSUL_LOOK)

    async def _hold(self) -> None:
        """See to it that our line is there, unless another process has one of our name."""
        async with self._turn:
            if self._is_leaving:
                return
            if self._was_registered and await self._is_known():
                self._note_rival()
                return
            self._has_tried = True
            await self._agent.register(self._registration.body())
            self._is_registered = self._was_registered = True
            log.info("consul_registered", instance=self._name, address=self._registration.own.address)

    async def _is_known(self) -> bool:
        """Whether the agent has a line of our name; notes whether it is ours."""
        line = await self._agent.line(self._name)
        self._is_registered = line is not None and read_run(line) == self._registration.run
        return line is not None

    def _note_rival(self) -> None:
        """Log once that the line of our name is another process's."""
        had_rival, self._has_rival = self._has_rival, not self._is_registered
        if self._has_rival and not had_rival:
            log.warning("instance_name_taken", instance=self._name)

    async def _take_off(self) -> None:
        async with self._turn:
            if not self._has_tried or not await self._is_known() or not self._is_registered:
                return
            await self._agent.deregister(self._name)
            self._is_registered = False
            log.info("consul_left", instance=self._name)

    # --- the others ---------------------------------------------------------------------------

    async def watch(self) -> None:
        """Look at the list for ever."""
        await self._repeat("watch", self._look, timeouts.CONSUL_PACE)

    async def _look(self) -> None:
        """One query: until the list changes, or CONSUL_WAIT has passed."""
        index, self._index = self._index, 0  # if it fails, the next one is answered at once
        answer = await self._agent.lines(self._registration.service, beyond=index)
        listings = read_listings(answer.body)
        self._index = next_index(index, answer.index)
        self._seen_at = trio.current_time()
        if listings != self._listings:
            self._listings = listings
            passing = sum(one.instance.health is Health.PASSING for one in listings)
            log.info("cluster_changed", passing=passing, failing=len(listings) - passing)

    # --- an agent that goes and comes ---------------------------------------------------------

    async def _repeat(self, part: str, step: Callable[[], Awaitable[None]], pause: timeouts.Timeout) -> None:
        """The edge of what Consul can do to a server: a step that fails is tried again later."""
        failures = 0
        while True:
            try:
                await step()
            except AgentFault as fault:
                failures += 1
                self._note(part, AgentState.REFUSING if fault.answered else AgentState.AWAY, str(fault))
            except Exception as error:
                failures += 1
                log.exception("consul_failed")
                self._note(part, AgentState.REFUSING, type(error).__name__)
            else:
                failures = 0
                self._note(part, AgentState.ANSWERING)
            await trio.sleep(retry_delay(failures, self._uniform) if failures else pause.seconds)

    @property
    def _state(self) -> AgentState:
        """The worst of what the parts have met."""
        order = (AgentState.AWAY, AgentState.REFUSING, AgentState.ANSWERING)
        return next((one for one in order if one in self._states.values()), AgentState.UNKNOWN)

    def _note(self, part: str, state: AgentState, reason: str = "") -> None:
        """Log the changes only."""
        before = self._state
        self._states[part] = state
        if self._state is before:
            return
        if self._state is not AgentState.ANSWERING:
            log.warning("consul_lost", address=self._agent.url, agent=self._state.value, reason=reason)
        elif before is not AgentState.UNKNOWN:
            log.info("consul_regained")


@asynccontextmanager
async def open_consul(
    url: ConsulUrl,
    token: Secret | None,
    registration: Registration,
    uniform: Uniform = random.uniform,
    *,
    registers: bool = True,
) -> AsyncIterator[ConsulMember]:
    """A server's place on the list of an agent; off it again at the end of the block, however that comes.

    Children: `keep` and `watch`. Nothing is waited for, and nothing raised, when the agent is away.

    Args:
        registers: False for one of several processes of a server, another one of which keeps the line: then it only looks.
    """
    async with open_agent(url, token) as agent, trio.open_nursery() as nursery:
        member = ConsulMember(agent, registration, uniform, registers=registers)
        if registers:
            nursery.start_soon(member.keep, name="consul: keep")
        nursery.start_soon(member.watch, name="consul: watch")
        try:
            yield member
        finally:
            with within(timeouts.CLEANUP, shield=True):
                await member.leave()  # noqa: ASYNC102 - `within` is shielded and ends
            nursery.cancel_scope.cancel()
