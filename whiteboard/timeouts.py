"""The timeout registry: every deadline, wait and interval of the server, each with its reason.

Nothing else in the package names a duration. Code writes `with deadline(timeouts.COMMIT):`, which `deadlines` has, and
reads `.seconds` only when it uses them. An entry: its name, its value, the service level that it serves
(`constraints/sla.yaml`) and why it has this value, and the scenario that tests it at 0.8, 1.0 and 1.2 of that.
"""

from typing import Final

from whiteboard.registry import REGISTRY, Timeout, register

__all__ = ["REGISTRY", "Timeout"]


HELLO: Final = register(
    "hello",
    2.0,
    "SLA-ENTER-1: Protocol: a silent listener counts as a bare hello after 2 s; longer delays the first picture of a client that never says hello.",
    "a hello at the last moment",
)
REQUEST_HEAD: Final = register(
    "request-head",
    5.0,
    "SLA-ENTER-1: A head is one packet; 5 s lets a bad mobile link retransmit twice and frees a slot from a peer that says nothing.",
    "a slow head",
)
WS_HANDSHAKE: Final = register(
    "ws-handshake",
    5.0,
    "SLA-ENTER-1: One write after the head was read; only a peer whose receive window is closed takes longer.",
    "a window that opens late",
)
WS_CLOSE: Final = register(
    "ws-close",
    1.0,
    "SLA-PEER-1: A closing handshake is one round trip; a peer that does not answer in 1 s gets its socket closed (RFC 6455 section 7.1.1 lets us).",
    "a goodbye is answered late",
)
PING_INTERVAL: Final = register(
    "ping-interval",
    10.0,
    "SLA-PEER-1: R11, three pings fit into the 30 s, so that one lost ping never ends a session; below the 60 s at which proxies cut idle sockets.",
    "a quiet session is pinged",
)
PING_GRID: Final = register(
    "ping-grid",
    0.25,
    "SLA-PEER-1: How much later than PING_INTERVAL a ping may go, so that one goes with others: 50 in one go with 2,000 idle sessions, a millisecond of work.",
    "pings go together",
)
DEAD_PEER: Final = register(
    "dead-peer",
    30.0,
    "SLA-PEER-1: R11, 30 s after the last sign of life a silent peer is gone.",
    "a peer falls silent",
)
BROADCAST_TICK: Final = register(
    "broadcast-tick",
    0.05,
    "SLA-LIVE-1: At most 50 ms of gathering under load; people notice about 100 ms.",
    "people see where one points",
)
PUMP_PASS: Final = register(
    "pump-pass",
    0.003,
    "SLA-LIVE-1: What one pass over the sockets may take before other tasks have their turn: measured, without it a flood of ops starves what sends them (6.8 s of latency); half of it costs a tenth of the throughput.",
    "many sockets are ready",
)
PUMP_NAP: Final = register(
    "pump-nap",
    0.001,
    "SLA-LIVE-1: How long the sockets are left alone after a pass that found few, when what they bring would only wait for the next flush: the shortest that a kernel's epoll can sleep; with 24,000 ops a second in small rooms it saves 6 % of the core.",
    "what is read would only wait",
)
FLUSH_CREDIT: Final = register(
    "flush-credit",
    0.002,
    "SLA-LIVE-1: Flushing that is saved up while there is none: two ops that come close to each other on a quiet server both go at once; that is ten full flushes of ten people, and less than half of TICK_TURN.",
    "an op behind an op",
)
TICK_TURN: Final = register(
    "tick-turn",
    0.005,
    "SLA-LIVE-1: Rooms that commit, or send, one after the other before sockets are read again: above the cost of one full room (200 sends, 256 ops), a tenth of BROADCAST_TICK.",
    "many rooms want to send",
)
SLOW_CLIENT: Final = register(
    "slow-client",
    8.0,
    "SLA-PEER-1: R14, a peer that takes nothing for so long while something waits for it is closed with 4408. Found by looks that are LOOKOUT apart, it is gone before 10 s are over; a program that collects garbage, or a page that works, pauses for less.",
    "a peer takes nothing",
)
LOOKOUT: Final = register(
    "lookout",
    1.0,
    "SLA-PEER-1: Between two looks at who takes nothing of what was sent: a standstill is found so much too late at most, and 2,000 people who all get something cost 5 ms each time.",
    "a peer takes nothing",
)
STRAGGLER: Final = register(
    "straggler",
    60.0,
    "SLA-PEER-1: From a session's end over a shut window: who reads on within a minute, as after a page that froze, finds why it ended; its socket and some KiB wait for that.",
    "a straggler",
)
ROOM_IDLE: Final = register(
    "room-idle",
    60.0,
    "SLA-MEMORY-1: A board without sessions leaves memory after a minute; a reload or a short tunnel comes back to a warm board.",
    "everybody leaves a board",
)
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
COMMIT: Final = register(
    "commit",
    30.0,
    "SLA-DURABLE-1: A group commit takes 0.3 ms; past 30 s the disk is gone and the ops are refused as retryable (their fate is told by the retry).",
    "a store that takes its time",
)
COMMIT_RHYTHM: Final = register(
    "commit-rhythm",
    0.01,
    "SLA-LIVE-1: SQLite: the longest that a commit waits for others under load; a tenth of what people notice, and a hundred commits a second cost a busy core little.",
    "commits cost a core",
)
COMMIT_BURST: Final = register(
    "commit-burst",
    0.005,
    "SLA-LIVE-1: SQLite: time on a core that commits may take before one of them waits: some twenty lone ones after a pause, so that a quiet server's never do.",
    "commits cost a core",
)
STORAGE_RETRY: Final = register(
    "storage-retry",
    1.0,
    "SLA-READY-1: Between two write probes of `/readyz`: seldom enough to cost nothing, soon enough to notice recovery.",
    "a store is asked again",
)
SQLITE_BUSY: Final = register(
    "sqlite-busy",
    2.0,
    "SLA-DURABLE-1: Other workers hold the file for one commit, some 50 ms with the largest; 2 s also covers an operator's shell taking a backup.",
    "a neighbour that writes for long",
)
ACCEPT_BACKOFF: Final = register(
    "accept-backoff",
    0.1,
    "SLA-READY-1: Out of descriptors: Trio's own back-off; sooner burns the core, later delays recovery.",
    "descriptors run out",
)
CLIENT_CONNECT: Final = register(
    "client-connect",
    10.0,
    "SLA-RETURN-1: DNS, TCP, TLS and upgrade on a bad link; then try again with back-off.",
    "a slow upgrade",
)
CLIENT_RETRY_FIRST: Final = register(
    "client-retry-first",
    0.25,
    "SLA-RETURN-1: First reconnect delay before jitter; a restarted server is back in about a second.",
    "a client comes back",
)
CLIENT_RETRY_CAP: Final = register(
    "client-retry-cap",
    15.0,
    "SLA-RETURN-1: The longest reconnect delay, so that a returning server is found within seconds.",
    "a client comes back",
)
CLIENT_ANSWER: Final = register(
    "client-answer",
    45.0,
    "SLA-RETURN-1: An op that the server passed over and that is sent again, alone, counts as passed over again after this; above COMMIT, after which the server says that it cannot store now.",
    "an op that is never answered",
)
STORAGE_CLOSE: Final = register(
    "storage-close",
    5.0,
    "SLA-STOP-1: Writes queued at shutdown are one group commit, 50 ms on a slow disk; 5 s leaves room within what supervisors allow.",
    "a slow disk at the end",
)
STORAGE_TAIL: Final = register(
    "storage-tail",
    0.5,
    "SLA-DURABLE-1: Looks for other processes' appends while somebody waits for them; the port promises a second, a look costs 50 µs.",
    "another process appends",
)
REDIS_CONNECT: Final = register(
    "redis-connect",
    2.0,
    "SLA-DURABLE-1: TCP, TLS and HELLO to a server in the same room: a millisecond; 2 s bridges one lost SYN (RFC 6298: resent after 1 s).",
    "a slow first word of Redis",
)
REDIS_ANSWER: Final = register(
    "redis-answer",
    5.0,
    "SLA-DURABLE-1: The largest script takes some 20 ms, an fsync by Redis up to 2 s on a busy disk; later the ops are refused as retryable, well within COMMIT.",
    "a slow answer of Redis",
)
POSTGRES_CONNECT: Final = register(
    "postgres-connect",
    3.0,
    "SLA-RECORD-1: TCP, TLS and authentication with a server in the same room: 20 ms; 3 s bridge a lost SYN, and a stop does not wait long for one that is gone.",
    "what a client of PostgreSQL is told",
)
POSTGRES_ANSWER: Final = register(
    "postgres-answer",
    5.0,
    "SLA-RECORD-1: The largest batch of metadata takes some 100 ms, a checkpoint of PostgreSQL may hold it up for seconds; nobody draws slower meanwhile.",
    "what PostgreSQL is told",
)
POSTGRES_BODY: Final = register(
    "postgres-body",
    60.0,
    "SLA-ARCHIVE-1: An archive's largest piece, 256 MiB, at 10 MiB/s and its sync; only the archiver waits for it.",
    "what PostgreSQL is told",
)
POSTGRES_MIGRATE: Final = register(
    "postgres-migrate",
    60.0,
    "SLA-RECORD-1: A migration, and the wait for another server's: tables of ours are created in 50 ms, an index over a large one takes a minute.",
    "what PostgreSQL is told",
)
RECORD_LINGER: Final = register(
    "record-linger",
    0.5,
    "SLA-RECORD-1: Changes of metadata gather this long before they are written: one transaction for a hundred people who come back at once.",
    "somebody comes and is recorded",
)
SERVER_BEAT: Final = register(
    "server-beat",
    10.0,
    "SLA-RECORD-1: A server's sign of life in the metadata: one row, whatever the number of its sessions.",
    "a server gives signs of life",
)
SERVER_SILENT: Final = register(
    "server-silent",
    45.0,
    "SLA-RECORD-1: After four lost beats a server's sessions count as ended; a restart of PostgreSQL takes less.",
    "a server is silent",
)
RECORD_RETRY: Final = register(
    "record-retry",
    2.0,
    "SLA-RECORD-1: Between attempts to write metadata while their place is away: recovery is noticed soon, a log is not filled.",
    "metadata are away",
)
RECORD_CLOSE: Final = register(
    "record-close",
    3.0,
    "SLA-STOP-1: What a stopping server still has to say in the metadata is one batch; when their place is away it goes unsaid.",
    "a last word in the metadata",
)
METADATA_SWEEP: Final = register(
    "metadata-sweep",
    60.0,
    "SLA-RECORD-1: Looks for sessions of lost servers and for what is too old: two queries that find nothing by an index.",
    "metadata are swept",
)
METADATA_KEPT: Final = register(
    "metadata-kept",
    90 * 24 * 3600.0,
    "SLA-RECORD-1: Ended sessions and lines of the audit: a quarter of a year to look into what happened, some 60 MB with a thousand visits a day.",
    "metadata get old",
)
EPOCH_AGREED: Final = register(
    "epoch-agreed",
    3600.0,
    "SLA-DURABLE-1: A board that nobody has drawn on: servers that open it within the hour agree on its history's name; later ones meet at the first op.",
    "what Redis is told",
)
REDIS_LOOK: Final = register(
    "redis-look",
    0.25,
    "SLA-DURABLE-1: While it is in doubt which Redis node has what, one is asked this often: a failover is found soon after its two seconds or more.",
    "a cluster in doubt",
)
REDIS_DOUBT: Final = register(
    "redis-doubt",
    5.0,
    "SLA-DURABLE-1: After a fault the nodes of a cluster are asked for this long who has what: the first answers may still name who has failed.",
    "a cluster in doubt",
)
REDIS_REFRESH: Final = register(
    "redis-refresh",
    2.0,
    "SLA-DURABLE-1: A Redis Cluster is asked this often who has what, so that a node which only swallows commands is left before the first of them has waited for REDIS_ANSWER.",
    "a cluster in good health",
)
REDIS_NODE_PROBE: Final = register(
    "redis-node-probe",
    0.25,
    "SLA-READY-1: Within READY_PROBE a node that does not take the probe leaves time for two others; a sound one takes 1 ms.",
    "a slow node is probed",
)
REDIS_REDIRECT: Final = register(
    "redis-redirect",
    0.02,
    "SLA-DURABLE-1: Between two tries of a command that a node refused because its slot is moving: a slot of usual boards moves in milliseconds.",
    "a slot that is moving",
)
CHANNELS_PING: Final = register(
    "channels-ping",
    5.0,
    "SLA-DURABLE-1: A connection that only listens is asked for a sign of life this often, so that a silent one is noticed within this and REDIS_ANSWER.",
    "a connection that listens",
)
TAIL_LINGER: Final = register(
    "tail-linger",
    2.0,
    "SLA-DURABLE-1: A board's log is listened to for this long after its last waiter: a commit that holds up the next wait takes less.",
    "nobody waits for a log any more",
)
PRESENCE_BEAT: Final = register(
    "presence-beat",
    5.0,
    "SLA-DURABLE-1: Between servers: all of one's people once more, so that a lost message is made up for before anybody wonders; a few hundred bytes a board.",
    "a lost word of another server",
)
PRESENCE_TTL: Final = register(
    "presence-ttl",
    15.0,
    "SLA-DURABLE-1: Between servers: three beats in a row are lost only with the server that sent them; its people then leave the list.",
    "people of another server",
)
LOG_CHECK: Final = register(
    "log-check",
    5.0,
    "SLA-DURABLE-1: A board that hears nothing from a shared log looks whether it is still the same one: a question of 0.2 ms, and people see within 5 s that it was deleted or lost.",
    "a log that is lost",
)
ARCHIVE_ROUND: Final = register(
    "archive-round",
    60.0,
    "SLA-ARCHIVE-1: Between two looks at all boards for what can leave Redis: a question of 0.1 ms a board; a minute's ops of a busy board are one piece.",
    "an archiver goes its rounds",
)
ARCHIVE_AGE: Final = register(
    "archive-age",
    60.0,
    "SLA-ARCHIVE-1: Ops go to the archive when they are this old: above the second or two that a Redis without `appendfsync always` may lose, so that the archive never has ops that the log gives other numbers.",
    "old ops of a busy board",
)
ARCHIVE_COLD: Final = register(
    "archive-cold",
    86_400.0,
    "SLA-ARCHIVE-1: R32, a board on which nobody has drawn for a day leaves Redis but for its head; opening it again costs one fetch of its pieces.",
    "a board on which nobody draws",
)
ARCHIVE_CHECKPOINT: Final = register(
    "archive-checkpoint",
    3_600.0,
    "SLA-ARCHIVE-1: R31, a busy board's checkpoint is copied to the archive once an hour; the ops themselves go as soon as they fill a piece.",
    "a board on which many draw",
)
ARCHIVE_LEASE: Final = register(
    "archive-lease",
    60.0,
    "SLA-ARCHIVE-1: One server archives a board at a time: several times what storing the largest piece takes, and a server that died is replaced within a round.",
    "what Redis is told",
)
THAW: Final = register(
    "thaw",
    3_600.0,
    "SLA-ARCHIVE-1: What a server filled from the archive and did not put in place, because it died, goes from Redis after this; a board of a million ops takes a minute.",
    "what Redis is told",
)
DOCTOR_STEP: Final = register(
    "doctor-step",
    10.0,
    "SLA-DOCTOR-1: One question, from the connection to the whole answer; visitors wait no longer either, as CLIENT_CONNECT has it.",
    "a slow answer to the doctor",
)
DOCTOR_WHOLE: Final = register(
    "doctor-whole",
    90.0,
    "SLA-DOCTOR-1: The whole examination beside the wait for proxies; a second where all is well, some minutes where each step takes all of its time, which nobody waits for.",
    "a long examination",
)
DOCTOR_IDLE_MARGIN: Final = register(
    "doctor-idle-margin",
    2.0,
    "SLA-DOCTOR-1: A ping that is due may be as late on a bad link; an idle socket is watched for one ping interval and this.",
    "a late ping on an idle socket",
)
DOCTOR_LONGEST_WAIT: Final = register(
    "doctor-longest-wait",
    3600.0,
    "SLA-DOCTOR-1: The longest wait that may be asked for; proxies that cut tunnels by their age do so within an hour.",
    "a long wait is asked for",
)
CLOCK_APART: Final = register(
    "clock-apart",
    5.0,
    "SLA-DOCTOR-1: Machines with time synchronisation are apart by milliseconds, so 5 s says that one has none; people do not notice them yet.",
    "a clock is apart",
)
CLOCK_WRONG: Final = register(
    "clock-wrong",
    60.0,
    "SLA-DOCTOR-1: People see a minute in the times of their boards, and what is valid for a short time (links, tokens) fails.",
    "a clock is apart",
)
CERTIFICATE_ENDS: Final = register(
    "certificate-ends",
    14 * 86_400.0,
    "SLA-DOCTOR-1: Certificates of 90 days are renewed 30 days before their end; with 14 left the renewal has failed for two weeks.",
    "a certificate ends",
)
SUPERVISOR: Final = register(
    "supervisor",
    2.0,
    "SLA-STOP-1: A datagram to the process manager on this machine: microseconds; its queue is full only while it stands still, and then the server goes on.",
    "a manager that stands still",
)
TLS_HANDSHAKE: Final = register(
    "tls-handshake",
    5.0,
    "SLA-ENTER-1: Two round trips and a signature; as long as the request head gets, so that TLS buys a silent peer no more time than plain HTTP.",
    "a slow handshake of TLS",
)
LINGER: Final = register(
    "linger",
    1.0,
    "SLA-PEER-1: RFC 9112 section 9.6: closing over unread bytes makes the kernel reset the connection and can destroy our last answer; one slow round trip.",
    "a short answer nobody reads",
)
HTTP_SEND: Final = register(
    "http-send",
    15.0,
    "SLA-PEER-1: R14 for HTTP: a reader that takes no SEND_BYTES in 15 s (35 kbit/s) is cut, so that answers do not pile up in memory; as SLOW_CLIENT is for sockets.",
    "a slow reader",
)
HTTP_DRAIN: Final = register(
    "http-drain",
    1.0,
    "SLA-STOP-1: What HTTP answers under way get when the sessions have used up DRAIN_GRACE; then their connections are closed by force.",
    "a server drains while it answers",
)
BOARD_VIEW: Final = register(
    "board-view",
    5.0,
    "SLA-ENTER-1: Wait for one of MAX_BOARD_VIEWS places: a large board is made and sent in about a second; who waits longer is better told to come back.",
    "a place comes free",
)
COME_BACK: Final = register(
    "come-back",
    5.0,
    "SLA-READY-1: Retry-After of a server that drains or is full: a restart takes about a second, and the upper end of what `drain` tells sessions is the same.",
    "somebody is told when to come back",
)
ACCEPT_EPISODE: Final = register(
    "accept-episode",
    10.0,
    "SLA-READY-1: Accepting counts as well again after 10 s without a pause: one log line for each shortage of descriptors, however it flickers.",
    "descriptors run out again and again",
)
HTTP_KEEP_ALIVE: Final = register(
    "http-keep-alive",
    15.0,
    "SLA-PEER-1: An idle HTTP connection serves a page's next request without a handshake; longer would only keep descriptors from those who come.",
    "an idle connection",
)
READY_PROBE: Final = register(
    "ready-probe",
    0.8,
    "SLA-READY-1: A write probe takes 1 ms; supervisors give /readyz 1 s by default, and an answer in time beats none.",
    "a slow store is asked whether it writes",
)
REQUEST_BODY: Final = register(
    "request-body",
    10.0,
    "SLA-ENTER-1: An API body is at most one window of packets; a phone changing networks needs up to 10 s.",
    "a slow body",
)
CYCLES_LOOK: Final = register(
    "cycles-look",
    5.0,
    "SLA-MEMORY-1: Over how long a server has to be quiet before all its objects are walked; nobody draws a stroke and waits longer for the next.",
    "a quiet moment for a walk",
)
CYCLES_ALL: Final = register(
    "cycles-all",
    600.0,
    "SLA-MEMORY-1: Between two walks through all objects, in a quiet moment: 40 ms with 2,000 idle sessions, too little of ten minutes to measure.",
    "a dead cycle",
)
CYCLES_ALL_LATEST: Final = register(
    "cycles-all-latest",
    3600.0,
    "SLA-MEMORY-1: A server that is never quiet stands still for a tenth of a second once an hour, so that dead cycles cannot gather for days.",
    "a dead cycle on a busy server",
)
MEMORY_LOOK: Final = register(
    "memory-look",
    2.0,
    "SLA-MEMORY-1: Over how long a server has to be quiet before it gives free memory back: a pause of 0.1 ms for each MiB, seldom above 5 ms.",
    "memory becomes free",
)
MEMORY_LATEST: Final = register(
    "memory-latest",
    60.0,
    "SLA-MEMORY-1: A server that is never quiet gives free memory back once a minute, as long as an empty board stays: 20 ms if that was 200 MiB.",
    "memory becomes free on a busy server",
)
UPKEEP: Final = register(
    "upkeep",
    1.0,
    "SLA-LIVE-1: Looks whether a board wants a checkpoint: a comparison of two numbers, often enough to spread the writes.",
    "a board has grown",
)
FULL_BOARD: Final = register(
    "full-board",
    15.0,
    "SLA-LIVE-1: Between two checkpoints of a full board, which alone let deleted elements leave; each writes up to 128 MiB, so sooner would keep a disk busy.",
    "a full board makes room",
)
COMPACT_PAUSE: Final = register(
    "compact-pause",
    0.02,
    "SLA-LIVE-1: Between two slices of compaction, so that commits of busy boards go in between; a slice takes about 5 ms.",
    "a long log is compacted",
)
EVICT_SWEEP: Final = register(
    "evict-sweep",
    5.0,
    "SLA-MEMORY-1: Looks for boards without sessions; an idle board stays at most this much longer than ROOM_IDLE.",
    "everybody leaves a board",
)
HOOK_ENTER: Final = register(
    "hook-enter",
    2.0,
    "SLA-ENTER-1: R33, a permission hook may ask a directory over the network who comes; as long as a client may be silent before its hello, and within its own patience for a welcome.",
    "a slow hook",
)
HOOK_OP: Final = register(
    "hook-op",
    0.25,
    "SLA-LIVE-1: R33, a permission hook's answer on one op stands in the way of what its author sends next; later than a quarter of a second drawing together falls apart.",
    "a slow hook",
)
HOOK_PAUSE: Final = register(
    "hook-pause",
    5.0,
    "SLA-HOOK-1: A permission hook that answered too late HOOK_PATIENCE times in a row is left alone this long, then tried with one question: pages send refused ops again within seconds.",
    "a hook that is left alone",
)
HOOK_LOG: Final = register(
    "hook-log",
    10.0,
    "SLA-HOOK-1: One line in the log for all failures of a permission hook in this time: a broken one fails with every op.",
    "a broken hook",
)
HOOK_AGAIN: Final = register(
    "hook-again",
    60.0,
    "SLA-HOOK-1: How long somebody whose permission was taken away may go on looking; a question a minute for each session is 170 a second with MAX_SESSIONS.",
    "a session whose permission is asked for again",
)
REFUSAL_COUNTS: Final = register(
    "refusal-counts",
    5.0,
    "SLA-READY-1: How long `/readyz` remembers a refused commit; a load balancer looks every few seconds and must see it once.",
    "a refusal is remembered",
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
BLOB_LEFT: Final = register(
    "blob-left",
    3_600.0,
    "SLA-ARCHIVE-1: Where several processes keep files: what was begun an hour ago and is not there yet was a dead one's; writing the largest takes seconds.",
    "a dead process was writing a file",
)
WRITE_TURN: Final = register(
    "write-turn",
    0.001,
    "SLA-LIVE-1: Between two looks whether another worker has ended its commit, which takes about as long; SQLite's own waiting sleeps up to 0.1 s between two and loses every race to a busy neighbour.",
    "a neighbour that writes",
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
LEASE_LEFT: Final = register(
    "lease-left",
    25.0,
    "SLA-STOP-1: Workers whose front was killed drain and let the data directory go: DRAIN_GRACE and WORKER_STOP at most, a second as a rule; a server that starts meanwhile waits for them.",
    "workers that were left behind",
)
LEASE_LOOK: Final = register(
    "lease-look",
    0.05,
    "SLA-STOP-1: Between two looks at a lock that somebody is about to give up: people wait for a start.",
    "a start that waits",
)
S3_CONNECT: Final = register(
    "s3-connect",
    2.0,
    "SLA-ASSET-1: TCP and TLS to a store in the same region: some milliseconds; 2 s bridges one lost SYN (RFC 6298: resent after 1 s).",
    "what a client of S3 is told",
)
S3_ANSWER: Final = register(
    "s3-answer",
    15.0,
    "SLA-ASSET-1: One request with at most S3_PART_BYTES: 8 MiB in 15 s are 4.5 Mbit/s, and a busy store needs some seconds to put a large blob's parts together; one that stands still is noticed as soon.",
    "what a client of S3 is told",
)
S3_RETRY: Final = register(
    "s3-retry",
    15.0,
    "SLA-ASSET-1: From a request's start after which it is not sent again: with S3_ANSWER a call to a store that stands still ends after 15 s, to a flickering one after 30.",
    "what a client of S3 is told",
)
ASSET_BODY: Final = register(
    "asset-body",
    60.0,
    "SLA-ASSET-1: A picture of 10 MiB in a minute is 1.4 Mbit/s, which a phone on the road has; what the page sends is mostly a tenth of it.",
    "a slow body",
)
ASSET_PLACE: Final = register(
    "asset-place",
    5.0,
    "SLA-ASSET-1: Wait for a place among the pictures that come in or go out: one takes a second or two; who waits longer is better told to come back.",
    "a place comes free",
)
