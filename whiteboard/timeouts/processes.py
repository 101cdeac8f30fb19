"""The process, its workers, its supervisor and its place among other servers: from start to stop."""

from typing import Final

from whiteboard.registry import register

DRAIN_GRACE: Final = register(
    "drain-grace",
    10.0,
    "SLA-STOP-1: After SIGTERM sessions get this long to take their last frames; within the 30 s that process supervisors commonly allow.",
    "a server drains while its store is slow",
)
DRAIN_NOTICE: Final = register(
    "drain-notice",
    0.5,
    "SLA-STOP-1: Time for the drain message to leave before sockets are closed with 1001.",
    "a server drains",
)
RECONNECT_SPREAD: Final = register(
    "reconnect-spread",
    5.0,
    "SLA-STOP-1: Clients of a draining server come back at a random moment within 5 s, so that a thousand of them are 200 a second.",
    "a server drains",
)
CLEANUP: Final = register(
    "cleanup",
    2.0,
    "SLA-STOP-1: A shielded cleanup writes a few hundred bytes or closes a file; 2 s is a disk that stopped answering.",
    "what serves a peer that has gone",
)
SUPERVISOR: Final = register(
    "supervisor",
    2.0,
    "SLA-STOP-1: A datagram to the process manager on this machine: microseconds; its queue is full only while it stands still, and then the server goes on.",
    "a manager that stands still",
)
WORKER_START: Final = register(
    "worker-start",
    30.0,
    "SLA-WORKER-1: A worker imports and opens its storage in a second; 30 s is a cold disk beside a busy core, and one that takes longer hangs.",
    "a worker that starts slowly",
)
WORKER_WAIT: Final = register(
    "worker-wait",
    10.0,
    "SLA-WORKER-1: A connection whose worker is away waits this long: a worker that died is back in a second or three, one that drains first in some five.",
    "a connection whose worker is away",
)
WORKER_STOP: Final = register(
    "worker-stop",
    12.0,
    "SLA-STOP-1: What a worker gets beyond the drain grace: HTTP_DRAIN, CLEANUP and STORAGE_CLOSE, one after the other, and then some. Later it is killed.",
    "a worker that ends slowly",
)
WORKER_BEAT: Final = register(
    "worker-beat",
    5.0,
    "SLA-WORKER-1: A worker tells the front so often that its event loop runs: a byte, and several times within WORKER_SILENT.",
    "a worker shows that it lives",
)
WORKER_SILENT: Final = register(
    "worker-silent",
    30.0,
    "SLA-WORKER-1: As long as systemd waits for the front (WatchdogSec of the unit that we ship): an event loop that stands still for so long does not come back.",
    "a worker that stands still",
)
WORKER_STEADY: Final = register(
    "worker-steady",
    60.0,
    "SLA-WORKER-1: A worker that lived for a minute and then died is started again at once, as if it were the first time.",
    "a worker that dies now and then",
)
WORKER_RETRY_FIRST: Final = register(
    "worker-retry-first",
    0.5,
    "SLA-WORKER-1: The second restart in a row waits this long and each further one twice as long: a start takes a second of a core.",
    "a worker is started again",
)
WORKER_RETRY_CAP: Final = register(
    "worker-retry-cap",
    30.0,
    "SLA-WORKER-1: The longest pause between two starts of a worker that keeps dying: the boards of the others live on meanwhile, and theirs come back within half a minute of its cure.",
    "a worker is started again",
)
WORKER_ANSWER: Final = register(
    "worker-answer",
    30.0,
    "SLA-WORKER-1: A question between workers: deleting a board ends its sessions first, within CLEANUP twice; viewing the largest one takes seconds.",
    "a question to another worker",
)
CONSUL_ANSWER: Final = register(
    "consul-answer",
    5.0,
    "SLA-CLUSTER-1: An agent on the same machine answers in milliseconds, a new leader is elected in some seconds; later it counts as away.",
    "a slow agent",
)
CONSUL_LOOK: Final = register(
    "consul-look",
    5.0,
    "SLA-CLUSTER-1: Looks whether the agent still has this server on its list; an agent that came back empty is told within the time of one check.",
    "a list is looked after",
)
CONSUL_WAIT: Final = register(
    "consul-wait",
    10.0,
    "SLA-CLUSTER-1: One blocking query for the list of servers; a change ends it at once, so this bounds only how old the view in `/api/cluster` may be.",
    "a list that never changes",
)
CONSUL_PACE: Final = register(
    "consul-pace",
    0.5,
    "SLA-CLUSTER-1: Least time between two queries for the list: whatever changes so fast, or ends every query at once, costs two queries a second.",
    "a list that always changes",
)
CONSUL_RETRY_FIRST: Final = register(
    "consul-retry-first",
    0.5,
    "SLA-CLUSTER-1: First delay before an agent is asked again: its restart takes about a second.",
    "an agent is asked again",
)
CONSUL_RETRY_CAP: Final = register(
    "consul-retry-cap",
    15.0,
    "SLA-CLUSTER-1: The longest delay before an agent is asked again: a machine that comes back is on the list within the time of two checks.",
    "an agent is asked again",
)
CONSUL_CHECK: Final = register(
    "consul-check",
    5.0,
    "SLA-CLUSTER-1: Between two checks of `/readyz` by Consul: a dead server is off the list of those that pass within 5 s; one write probe each.",
    "what an agent is to do",
)
CONSUL_CHECK_ANSWER: Final = register(
    "consul-check-answer",
    2.0,
    "SLA-CLUSTER-1: What a check waits for `/readyz`, which answers within READY_PROBE: twice that, for a busy machine.",
    "what an agent is to do",
)
CONSUL_FORGET: Final = register(
    "consul-forget",
    600.0,
    "SLA-CLUSTER-1: A server whose check has failed for so long leaves Consul's list for good; longer than a restart of what it stores in, and one that comes back registers again.",
    "what an agent is to do",
)
CONSUL_LEAVE: Final = register(
    "consul-leave",
    1.0,
    "SLA-STOP-1: What taking a draining server off the list may take before people are asked to leave it; an agent that answers needs milliseconds.",
    "a slow goodbye to an agent",
)
TRACE_EXPORT: Final = register(
    "trace-export",
    5.0,
    "SLA-STOP-1: One request with some hundred KiB of spans to a collector nearby: milliseconds; one that stands still costs spans, and nobody waits for it.",
    "what a collector of spans is given",
)
TRACE_EVERY: Final = register(
    "trace-every",
    2.0,
    "SLA-MEMORY-1: Between two requests with spans: 2,048 that may wait are a thousand a second, and an operator sees them as they look.",
    "what a collector of spans is given",
)
DRAWING: Final = register(
    "drawing",
    15.0,
    "SLA-PICTURE-1: One step of a picture in the process that draws, which is killed then: 100,000 strokes take 10 s of an idle core for their first thumbnail, and whoever asked is gone after half a minute.",
    "a picture that is drawn slowly",
)
DRAWING_WAIT: Final = register(
    "drawing-wait",
    30.0,
    "SLA-PICTURE-1: What somebody waits for a picture, behind others too: two of DRAWING, and as long as proxies wait.",
    "a picture that others are before",
)
DRAWING_PAUSE: Final = register(
    "drawing-pause",
    120.0,
    "SLA-PICTURE-1: A board that took longer than DRAWING is left alone for so long: asked for all the time, it holds up the pictures of others for an eighth of it.",
    "a board that always takes too long to draw",
)
RENDER_IDLE: Final = register(
    "render-idle",
    60.0,
    "SLA-PICTURE-1: The process that draws ends when nobody has asked for so long, and gives back some 80 MiB; its start takes a third of a second.",
    "nobody asks for pictures",
)
CANVAS_LEASE: Final = register(
    "canvas-lease",
    30.0,
    "SLA-PICTURE-1: Who holds a canvas or a buffer for longer has forgotten it (R41): it is taken back, and noted as a fault. Twice what drawing may take.",
    "a canvas that is held for too long",
)
