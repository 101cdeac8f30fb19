"""Every bound in one place, with its unit and its reason. Published to clients in `welcome.limits`."""

from typing import Final

from whiteboard.ids import MAX_CLIENT_ID_CHARS, MAX_COUNTER, MAX_ID_CHARS

KIB: Final = 1024
MIB: Final = 1024 * 1024

# --- what may come in -------------------------------------------------------------------------
MAX_FRAME_BYTES: Final = 1 * MIB
"""A client's text frame. 5,000 points take about 120 KiB; larger things go over HTTP."""
MAX_MESSAGE_BYTES: Final = 8 * MIB
"""What the WebSocket layer reads before it gives up: above MAX_FRAME_BYTES, so that an oversize
frame gets a spoken error instead of a closed socket."""
MAX_BATCH: Final = 2_000
"""Messages in one frame: a page coming back with an hour of offline edits needs a few hundred."""
MAX_DEPTH: Final = 8
"""Nesting of an unknown property's value."""
MAX_POINTS_PER_OP: Final = 5_000
MAX_POINTS_PER_STROKE: Final = 10_000
"""One path of 60,000 points holds a renderer for seconds; 10,000 is four minutes of drawing."""
MAX_POINT_BYTES: Final = 128
"""Text of one point on average: three doubles take 80. Points spelled longer (white space, digits
that no double holds) are spelled anew before they are stored."""
MAX_TEXT_CHARS: Final = 10_000
MAX_PROPERTY_BYTES: Final = 4 * KIB
MAX_PROPERTY_NAME_CHARS: Final = 64
MAX_REASON_CHARS: Final = 200
"""What a reject or an error says of a decoder's complaint."""
MAX_PROPERTIES: Final = 64
MAX_COORDINATE: Final = 1e9
MAX_WIDTH: Final = 1_000
MAX_COLOR_CHARS: Final = 64
MAX_ASSET_CHARS: Final = 128
MAX_NAME_CHARS: Final = 64
MAX_LASER_POINTS: Final = 64
MAX_CLOCK_ENTRIES: Final = 256
"""Entries of an op's vector clock; a client with more says `seen` instead."""
MAX_ORDER_KEY_CHARS: Final = 64
MAX_KEY_CHARS: Final = 128
"""A client's secret key or token."""
MAX_ELEMENTS: Final = 100_000
"""Elements of one board, tombstones in memory included."""
MAX_BOARD_BYTES: Final = 128 * MIB
"""A board's elements as JSON, tombstones in memory included: what a checkpoint writes and reads."""

# --- what a session may hold ------------------------------------------------------------------
MAX_OUTBOX_BYTES: Final = 1 * MIB
"""Bytes queued for one client. Past it the session stops being fed live and is brought up to date
from the log at its own pace, so memory never grows with its slowness."""
SNAPSHOT_PART_BYTES: Final = 128 * KIB
"""Target size of one snapshot part: small enough to show progress, large enough to be cheap."""
PARTS_AT_ONCE: Final = 32
"""Snapshot parts sent to one session before others get their turn, BURST_BYTES at the most: 0.1 ms, and with
hundreds that join in one instant 50 ms in which nobody else is heard."""
REST_PART_BYTES: Final = 16 * KIB
"""States of elements at rest that are kept, deflated and woken from together: some 40 strokes, which cost 0.1 ms
to inflate and take apart when one of them is touched, 0.2 ms to deflate. Parts of 128 KiB deflate 1 % smaller."""
CHECKPOINT_SLICE_BYTES: Final = 128 * KIB
"""Of a checkpoint, put together before other tasks get their turn: half a millisecond."""
HOT_OPS: Final = 1_024
"""Elements that the newest so many ops met stay awake: what is being drawn is about to be touched again, and
a thousand pens move between two of these."""
LEAST_HOT_OPS: Final = 128
"""The same of a board that only a few have ever drawn on: awake, what they draw takes five times as much memory."""
HOT_OPS_OF_CLIENT: Final = 16
"""What each that has drawn on it adds: in between two ops on one element so many of another's come, if pens are quick and slow."""
AWAKE_SHARE: Final = 1.5
"""With this many elements awake for each hot op, a commit lays as many to rest as it brings: the upkeep looks once a second, and
a board that is drawn in one burst would swell to four times what is kept of it meanwhile, for good."""
AWAKE_LOOKED_AT: Final = 4
"""Elements looked at for each op of such a commit: a third of those awake can be laid, so more are laid than come."""
PACKED_PART_OPS: Final = 32
"""Ops for which such a commit packs one of the parts that became full: strokes of twenty points fill one by 37, which makes a
third of the commit's time. Where they are larger the upkeep packs what is left."""
YOUNG_PARTS: Final = 16
"""Among which such a commit looks for full ones: between two of them few become full. What is left the upkeep finds."""
SNAPSHOT_SHARE: Final = 16
"""A snapshot is sent to others, and the ops since behind it, until these are one for so many elements: a few per cent
more to send, and a board of 10,000 elements on which 300 ops a second are drawn is encoded anew every two seconds."""
SNAPSHOT_LAG_OPS: Final = 1_024
"""The same for the largest boards: far fewer ops than the tail keeps."""
SNAPSHOT_LOOKS: Final = 10
"""Looks of the upkeep (UPKEEP) that a snapshot nobody asks for stays in memory."""
UPKEEP_BOARDS: Final = 8
"""Boards that the upkeep looks after at once, before others have their turn: those that were opened together, as after a start, come to
their slices in the same second. A hundred, drawn on alike, took 40 ms all at once; so few take 3."""
REST_LOOKS: Final = 10
"""Looks that an element stays awake after an op met it, on a board where little happens."""
REST_SLICE: Final = 64
"""Elements laid to rest before other tasks get their turn: a quarter of a millisecond. And ops after which commits lay
those that they have left awake."""
REST_SHARES: Final = 10
"""Between two looks a busy board lays to rest and packs so often, that little is awake at a time."""
REST_SHARE: Final = 512
"""Elements laid to rest at a time: some 3 ms of work, in slices. Those above stay awake a little longer."""
PACK_SHARE: Final = 24
"""Parts deflated at a time while people draw: some 5 ms of work, one by one."""
TURN_BYTES: Final = 96 * KIB
"""Messages of one session, each with OP_OVERHEAD_BYTES, that are handled before others get their turn: what one
read of RECEIVE_BYTES brings of small ops, a millisecond or two."""
ANSWER_OVERHEAD_BYTES: Final = 1 * KIB
"""What an answer that is sent alone counts for in a turn: a send takes as long as three small ops."""
SLICE: Final = 256
"""Elements or stored ops worked on before other tasks get their turn: about a millisecond; of ordinary ops
about SNAPSHOT_PART_BYTES."""
MAX_STRIKES: Final = 50
"""Bad messages, less one forgiven per good second, before a session is closed with 4400."""

PACK_BYTES: Final = 4 * KIB
"""A frame of ops above this is deflated for those who agreed on that, if PACK_RECEIVERS get it: 25 small ops, which
become a quarter. Smaller ones cost more to deflate than to send."""
PACK_RECEIVERS: Final = 32
"""Deflating takes some 4 µs for each KiB, and saves 0.1 µs for each KiB and session even on loopback: with 40
sessions it costs nothing (adr/2026-11-27-deflate-without-context.md), and a network carries a quarter from here on."""

# --- what a room may hold ---------------------------------------------------------------------
MAX_INBOX_OPS: Final = 4_096
"""Ops handed in to a board and not settled. When they are so many, sessions stop reading their sockets."""
MAX_SESSION_OPS: Final = 512
"""The same of one session: what the next op of another waits behind when one sends thousands, some 25 ms."""
MAX_INBOX_BYTES: Final = 16 * MIB
"""The same in bytes: ops may be MAX_FRAME_BYTES each, and storage may stop for COMMIT."""
MAX_COMMIT_OPS: Final = 2_048
"""Ops in one commit, so that one commit's latency stays in milliseconds."""
COMMIT_TURN_OPS: Final = 256
"""Ops that a board commits at once, in memory, before other boards have their turn: two or three milliseconds."""
COMMIT_TURN_BYTES: Final = 256 * KIB
"""The same in bytes, and one op more: memory mode packs as many as it takes, 18 ms for each MiB."""
MAX_COMMIT_BYTES: Final = 4 * MIB
"""Bodies in one commit (and one op more): some 20 ms of writing, so that other boards get their turn."""
COMMIT_ROW_BYTES: Final = MAX_COMMIT_BYTES // MAX_COMMIT_OPS
"""A larger row counts as several where one transaction of the storage takes writes of several boards together."""
MAX_TAIL_BYTES: Final = 2 * MIB
MAX_TAIL_OPS: Final = 8_192
"""Recent ops kept encoded in memory for sessions that lag or resume. What comes between two broadcasts fits in."""
CALM_TAIL_BYTES: Final = 256 * KIB
"""What of it stays for longer than UPKEEP: five seconds of ten people who draw, as many ops as a snapshot may be old. The log
has the rest, and a thousand boards on which people draw keep no GiB twice."""
TAIL_LOOKS: Final = 60
"""Looks of the upkeep that an op stays for at the least, up to twice as many: somebody who comes back after a minute reads
the log, and a board on which nobody draws keeps nothing twice."""
MAX_RESUME_OPS: Final = 10_000
"""Past this many missed ops a snapshot is cheaper than the log."""
MAX_CHANGES_KEPT: Final = 256
"""Of who is on a board, as they were told, some 100 bytes each: a feed that catches up misses a few, in a storm of joins dozens."""
MAX_SESSIONS_PER_BOARD: Final = 2_000
MAX_SESSIONS: Final = 10_000
MAX_BOARDS_OPEN: Final = 5_000
CHECKPOINT_MIN_OPS: Final = 1_000
"""Ops since the last checkpoint before another one is worth its write."""
COMPACT_SLICE_OPS: Final = 512
"""Ops moved by one step of log compaction: one short transaction between two commits. A board keeps fewer
than two slices as they came, on a shared log behind its checkpoint."""
MAX_CLOCK_CLIENTS: Final = 4_096
"""Clients whose last counter a board keeps in memory, the most recent ones."""

# --- what our own client may hold -------------------------------------------------------------
MAX_CLIENT_EVENT_BYTES: Final = 16 * MIB
"""Events that a client program has not taken yet; past it the oldest go and it is told so."""
MAX_CLIENT_PENDING_BYTES: Final = 32 * MIB
"""Encoded ops without an answer: hours of offline drawing, and still nothing for a process."""

MAX_CLIENT_STRIKES: Final = 3
"""Errors in place of an answer to an op that is sent alone, before it is given up: one may have been
about something that was said before it, three in a row are about it. The server bears MAX_STRIKES."""

# --- what the doctor reads --------------------------------------------------------------------
MAX_DOCTOR_BODY_BYTES: Final = 256 * KIB
"""Of an answer over HTTP; the page's largest file takes a quarter. The rest is not read."""
MAX_DOCTOR_EVENTS: Final = 10_000
"""Messages and pings of one socket: our own answers are among the first few, on a crowded board too."""

# --- what storage may hold --------------------------------------------------------------------
MAX_WRITE_JOBS: Final = 1_024
"""Writes waiting for the next group commit; past it callers wait before theirs is queued."""
MAX_READ_BYTES: Final = 8 * MIB
"""Bodies in one answer of `OpLog.read`: one full page of ordinary ops, a tenth of the worst one."""
OP_OVERHEAD_BYTES: Final = 256
"""What an op costs in memory beside its body; counts towards MAX_READ_BYTES and MAX_INBOX_BYTES."""
SEGMENT_BYTES: Final = 1 * MIB
"""Bodies in one compressed segment: what one read of a single old op has to unpack (some 3 ms)."""
PACK_INLINE_BYTES: Final = 64 * KIB
"""Bytes that memory mode packs, or unpacks, without a worker thread: half a millisecond, and a thread costs a fifth of
that. A board keeps fewer bodies as they came."""
CHECKPOINT_PART_BYTES: Final = 1 * MIB
"""A piece of a packed checkpoint: what others' commits wait for while a large board is written, some 5 ms."""
READ_CONNECTIONS: Final = 2
"""Reads at a time, so that a page of history does not hold up the opening of a board."""
MAX_BUS_BACKLOG: Final = 256
"""Messages of other servers that wait for one board's attention; a second of twelve busy servers. The next is
dropped: all of it is told again within PRESENCE_BEAT."""
REDIS_CONNECTIONS: Final = 8
"""To one Redis server: one listens, the others carry many commands at a time."""
REDIS_SLOTS: Final = 16384
"""A Redis Cluster shares this many out to its nodes (its specification)."""
SQL_VARIABLES: Final = 500
"""Values bound to one statement; SQLite before 3.32 took 999."""
KNOWN_WRITERS: Final = 16_384
"""Boards and their clients of which SQLite's writer remembers where they stand: some 4 MiB, 3,000 boards of five people."""
WAL_BYTES: Final = 64 * MIB
"""Size to which SQLite cuts its write-ahead log back after a burst."""
PURGE_SLICE_ROWS: Final = 2_000
"""Rows of deleted boards removed between two commits: some milliseconds."""
PURGE_SLICE_BYTES: Final = 4 * MIB
"""The same in bytes of what the rows hold (and one row more)."""

# --- HTTP -------------------------------------------------------------------------------------
MAX_HEAD_BYTES: Final = 16 * KIB
"""A request head, as read before the connection is given to a protocol."""
MAX_OPS_PER_PAGE: Final = 5_000
"""Ops in one answer of `/api/boards/{id}/ops`."""
MAX_BOARDS_PER_PAGE: Final = 500
MAX_BOARD_VIEWS: Final = 4
"""Answers with a whole large board that are made and sent at a time: with the largest ones twice
MAX_BOARD_BYTES each while they are put together, once while they are sent."""
LARGE_ANSWER_BYTES: Final = 1 * MIB
"""A board's view above this keeps its place until the last byte is sent; a smaller one costs too little."""
MAX_CLOSE_REASON_BYTES: Final = 123
"""RFC 6455 section 5.5: a control frame carries at most 125 bytes, two of them the code."""

# --- sockets ----------------------------------------------------------------------------------
LISTEN_BACKLOG: Final = 1_024
"""Connections that the kernel holds until they are accepted: a board's people coming back at once."""
ACCEPTS_AT_ONCE: Final = 8
"""Connections accepted before others have their turn. Each goes through a dozen such turns until it has its board, so that
in a storm of joins as many are at each stage: together some 5 ms of work."""
RECEIVE_BYTES: Final = 32 * KIB
"""One read of one socket: about 250 small ops, some 5 ms of work before the next session's turn."""
PUMP_ENDS: Final = 8
"""Sessions whose sockets have ended that are taken down between two passes: some 2 ms, when a thousand end at once."""
PUMP_SOCKETS: Final = 64
"""Sockets of one pass of the pump: what comes behind them waits for others' turn, as they do for it."""
PUMP_SMALL_PASS: Final = 16
"""Ready sockets below which a pass was hardly worth its while: with fewer it costs more to look than to read them."""
PUMP_NEWCOMERS: Final = 8
"""Of those who come, read behind everybody else in a pass: a request and a hello each take 0.06 ms, and as much again in the
tasks that follow. Hundreds at once would hold up whoever draws for as long as they take together."""
PUMP_BYTES: Final = 8 * KIB
"""One read of one of them: about 60 small ops, 1 ms of work. A client with more comes again in the next pass."""
INFLATED_BYTES: Final = 128 * KIB
"""What one read may grow to, and one message more: four times RECEIVE_BYTES, as ops shrink. Of 8 KiB a stranger could
make 8 MiB; what is left of such a read waits, as it came, for the next turn."""
SEND_BYTES: Final = 64 * KIB
"""Queued frames are joined up to this size for one send, and HTTP answers cut: past it a system call's
cost is lost in the copy. A reader of HTTP gets HTTP_SEND for each of them."""
MAX_UNSENT_BYTES: Final = 128 * KIB
"""What the kernel keeps for one WebSocket beyond what is under way, and one send more: enough for 10 ms at 100 Mbit/s, and the
rest waits where sessions share it and presence is not behind it."""
MAX_STRAGGLERS: Final = 100
"""Sockets whose sessions have ended over a shut window, kept for their last words: less than the session took each, and some
200 KiB in the kernel."""
BURST_BYTES: Final = 512 * KIB
"""Deflated messages that leave by one system call. Snapshot parts of 28 KiB in one each cost the kernel half as much
again, and us three times as much; what a socket does not take of them is no more memory, as all who join share them."""
TLS_RECORD_BYTES: Final = 8 * KIB
"""Plain text in one record: half of what TLS allows costs a sixth more time, and every session keeps a buffer of its size."""
DEFLATE_WINDOW_BITS: Final = 13
"""How far back (8 KiB) what we deflate refers: measured on ops, a larger window makes small messages four times dearer and
large ones no smaller. Clients that keep a smaller window than they are asked to are served without deflate."""
MAX_DESCRIPTORS: Final = 65_536
"""What `serve` raises its soft limit to, if it may: MAX_SESSIONS, as many HTTP connections, and then some."""
MAX_PONG_BACKLOG_BYTES: Final = 64 * KIB
"""With more than this queued only the newest ping is answered (RFC 6455 section 5.5.3 lets us), so
that a peer that pings and never reads cannot make the queue grow."""

MAX_ASSET_BYTES: Final = 10 * MIB
"""One picture. The page scales down what is larger than a screen; what it sends is mostly below 1 MiB."""
MAX_ASSET_PIXELS: Final = 50_000_000
"""A browser takes 4 bytes for each to show it: a small file of many pixels would end everybody's page."""
MAX_ASSETS_PER_BOARD: Final = 1_000
"""One page of a list tells whether there are as many."""
MAX_UPLOADS: Final = 8
"""Pictures that come in at a time, each up to MAX_ASSET_BYTES in memory."""
MAX_ASSET_ANSWERS: Final = 16
"""Large pictures (above LARGE_ANSWER_BYTES) that go out at a time, each in memory until its reader has it."""
MAX_REQUEST_BYTES: Final = 64 * KIB
"""Body of an API request; the largest one names a board."""
OPS_PER_SLICE: Final = 64
"""Ops read at once for `/api/boards/{id}/ops`: with the largest ops still a few MiB of memory."""

# --- settings ---------------------------------------------------------------------------------
MIN_TOKEN_CHARS: Final = 16
"""A token is all that stands between a stranger and the debug pages; 16 characters resist guessing."""
MAX_SHOWN_VALUE_CHARS: Final = 80
"""A bad value in a complaint: what fits on a line beside what was expected."""

# --- plugins ----------------------------------------------------------------------------------
MAX_PLUGIN_OPTIONS: Final = 64
"""Options of one storage plugin, or of all permission hooks together."""
MAX_PLUGIN_OPTION_CHARS: Final = 4_096
"""One option's value: as long as a path may be."""
MAX_PERMISSION_HOOKS: Final = 8
"""Each of them is asked for every op, one after the other."""
MAX_TOKEN_CHARS: Final = 8 * KIB
"""What a visitor may give as its token; signed ones with many claims take some 4 KiB."""
MAX_SUBJECT_CHARS: Final = 256
"""What a permission hook calls somebody, kept with the session and given back to it."""
HOOK_THREADS: Final = 8
"""Threads in which one permission hook that is not asynchronous answers; one that hangs keeps its thread."""
MAX_HOOK_QUEUE: Final = 64
"""Questions that wait for one of these threads; the next one is refused at once."""
HOOK_PATIENCE: Final = 5
"""Answers in a row that came too late before a hook is left alone for HOOK_PAUSE: a person who draws meets
these waits once, 1.25 s in all."""

# --- memory of the process --------------------------------------------------------------------
LARGE_BUFFER_BYTES: Final = 256 * KIB
"""Buffers above this are mapped apart, and given back when they are let go: a checkpoint, not a snapshot's part or what is
read and sent at a time. The map and its pages cost a tenth of a millisecond for each MiB, as much as writing to it."""
LOOSE_END_BYTES: Final = 1 * MIB
"""What the allocator may have free at the heap's end: what a busy moment lets go and the next one wants."""
SPARE_BYTES: Final = 1 * MIB
"""Free memory that is worth a pause to give it back."""
MIN_SOFT_LIMIT_BYTES: Final = 32 * MIB
"""Of the setting `memory.soft_limit`: a server that has just started takes some 60 MiB, so less is a mistake of units."""
UNLOADED_AT_ONCE: Final = 8
"""Boards that are unloaded at one look while memory is short: each is written whole first, which takes memory itself."""

# --- diagnostics ------------------------------------------------------------------------------
MAX_LOG_VALUE_CHARS: Final = 300
"""One value in a log line: longer than any close reason or address."""
MAX_LOG_TRACEBACK_CHARS: Final = 16 * KIB
MAX_TASKS_SHOWN: Final = 2_000
"""Tasks in one answer of `/debug/tasks`: measured at 20 ms of walking and 390 KiB of JSON."""
MAX_BOARDS_SHOWN: Final = 100
"""Boards in one answer of `/debug/status`, those with the most sessions: more than one looks through, 10 KiB of JSON."""
MAX_STATUS_BYTES: Final = 4 * MIB
"""What `whiteboard top` reads of an answer: many times what a server with all findings and figures says."""
MAX_PROFILE_STACKS: Final = 5_000
"""Stacks that a profile of waits or of the CPU tells apart: a server under every kind of load has some hundred."""
MAX_PROFILE_FRAMES: Final = 64
"""Frames of one such stack, the innermost ones: our deepest has thirty."""
SCHED_RATE: Final = 0.001
"""Seconds of delay or step from which the scheduler trace keeps every stack: what an event loop notices."""
MAX_CPU_HZ: Final = 300
"""CPU samples a second: the kernel looks at the timer no more often."""
LOCK_FRAMES: Final = 6
"""Innermost frames among which a wait for a lock shows: its own, and those that it parks in."""


def published() -> dict[str, int | float]:
    """The bounds that a client must respect, as `welcome.limits` gives them."""
    return {
        "frameBytes": MAX_FRAME_BYTES,
        "batch": MAX_BATCH,
        "depth": MAX_DEPTH,
        "pointsPerOp": MAX_POINTS_PER_OP,
        "pointsPerStroke": MAX_POINTS_PER_STROKE,
        "textChars": MAX_TEXT_CHARS,
        "propertyBytes": MAX_PROPERTY_BYTES,
        "properties": MAX_PROPERTIES,
        "coordinate": MAX_COORDINATE,
        "width": MAX_WIDTH,
        "clockEntries": MAX_CLOCK_ENTRIES,
        "elements": MAX_ELEMENTS,
        "boardBytes": MAX_BOARD_BYTES,
        "messageBytes": MAX_MESSAGE_BYTES,
        "elementIdChars": MAX_ID_CHARS,
        "boardIdChars": MAX_ID_CHARS,
        "clientIdChars": MAX_CLIENT_ID_CHARS,
        "propertyNameChars": MAX_PROPERTY_NAME_CHARS,
        "colorChars": MAX_COLOR_CHARS,
        "nameChars": MAX_NAME_CHARS,
        "assetChars": MAX_ASSET_CHARS,
        "assetBytes": MAX_ASSET_BYTES,
        "assetPixels": MAX_ASSET_PIXELS,
        "orderKeyChars": MAX_ORDER_KEY_CHARS,
        "keyChars": MAX_KEY_CHARS,
        "laserPoints": MAX_LASER_POINTS,
        "counter": MAX_COUNTER,
    }


# --- blobs and archives -----------------------------------------------------------------------
MAX_BLOB_BYTES: Final = 256 * MIB
"""One blob: twice the largest board, whose checkpoint goes into one."""
MAX_BLOB_NAME_CHARS: Final = 700
"""S3 allows 1,024 bytes with the bucket's own prefix; the longest name of ours is an archive's piece, about 450."""
MAX_BLOB_PART_CHARS: Final = 255
"""One part of a name: what file systems take."""
MAX_S3_PREFIX_CHARS: Final = 256
"""Before every name in a bucket: with it and the longest name a key stays below the 1,024 bytes of S3."""
MAX_BLOB_PAGE: Final = 1_000
"""Lines of one page of a list: what S3 gives at most."""
ARCHIVE_SEGMENTS: Final = 8
"""Compacted segments that go into one piece of the archive, some 4,096 ops: few enough to unpack for one old op (30 ms),
and many enough that a million ops are 250 pieces."""
ARCHIVE_PIECES_KEPT: Final = 4
"""Pieces that stay unpacked in a server's memory, up to 10 MiB each: a replay or two reads on without asking again."""
ARCHIVE_TOMBSTONES_BYTES: Final = 4 * MIB
"""States in one piece of tombstones."""
ARCHIVE_FAILURES: Final = 3
"""Boards that may fail in one round before Redis or the archive is taken to be away: each costs a deadline of theirs."""
THAW_TRIES: Final = 3
"""Times that a board may go to the archive while somebody asks for it: it takes a day without ops to go."""

# --- several servers --------------------------------------------------------------------------
MAX_INSTANCE_CHARS: Final = 128
"""A server's name among others: a host name has 63, Consul takes 512 for what stands beside it."""
MAX_SERVICE_TAG_CHARS: Final = 255
"""One tag of the service in Consul: balancers read rules from them, with the names of hosts and paths."""
MAX_SERVICE_TAGS: Final = 64
"""Tags that are shown of another server."""
MAX_INSTANCES: Final = 1_000
"""Servers that are told of in one answer; whoever runs more has other ways to count them."""
MAX_CONSUL_ANSWER_BYTES: Final = 4 * MIB
"""One answer of the Consul agent: MAX_INSTANCES servers with some 2 KiB each, and as much again."""
CONSUL_CONNECTIONS: Final = 4
"""To the agent: one holds the blocking query, one looks after our own line; the others are spare."""
MAX_CONSUL_REASON_CHARS: Final = 200
"""What a log line repeats of an agent's refusal."""

# --- metadata ---------------------------------------------------------------------------------
MAX_RECORD_CHARS: Final = 256
"""One text of a record: an id, a name, an address, a close reason; an IPv6 address with zone takes 60."""
MAX_AUDIT_DETAIL_BYTES: Final = 4 * KIB
"""The detail of one line of the audit, as JSON."""
LINK_DIGEST_BYTES: Final = 32
"""SHA-256 of a share link's secret."""
MAX_RECORD_BATCH: Final = 1_000
"""Changes in one write of metadata: some 50 ms of PostgreSQL, and of other boards' waiting in SQLite."""
MAX_RECORDS_WAITING: Final = 32_768
"""Changes that wait while metadata cannot be written, some 16 MiB: a minute of 130 people coming and going a second.
Past it the newest are dropped, counted and logged."""
MAX_RECORD_PAGE: Final = 1_000
"""Lines of one page of metadata: some 300 KiB."""
MAX_MEMORY_RECORDS: Final = 10_000
"""Ended sessions, deleted boards and lines of the audit that the memory mode keeps of each, the newest: some 10 MiB."""
POSTGRES_CONNECTIONS: Final = 4
"""To PostgreSQL, of each server: one writes metadata, one moves an archive's piece, two answer; a default
installation takes 100 of all clients."""

# --- the opening of a WebSocket ------------------------------------------------------------------
MAX_OPENINGS: Final = 32
"""Answers to an upgrade that are kept: subprotocol or not, times what can be agreed on of permessage-deflate."""

# --- workers ----------------------------------------------------------------------------------
MAX_WORKERS: Final = 64
"""Processes of one server. More than cores is more than useful."""
MAX_HEADS: Final = 8_192
"""Connections that the front holds until they have said what they want; the one that has been there longest
goes for one more. A silent one costs it 6 KiB (measured with 3,000)."""
MAX_LINK_BYTES: Final = 64 * KIB
"""One message between front and worker: a head of MAX_HEAD_BYTES, and a read of RECEIVE_BYTES that went past it."""
MAX_QUESTION_BYTES: Final = 1 * KIB
"""A question between workers names a board and what is wanted of it."""
MAX_ANSWER_BYTES: Final = 4 * MAX_BOARD_BYTES
"""An answer between workers: the view of a board, which repeats keys that its state abbreviates."""

# --- blobs: how they travel --------------------------------------------------------------------
BLOB_THREADS: Final = 8
"""Blobs read or written at a time, each in a worker thread: S3 answers in tens of milliseconds, a disk sooner."""
S3_PART_BYTES: Final = 8 * MIB
"""Larger bodies go in parts of this size, each a request with a deadline of its own; S3 wants at least 5 MiB."""
S3_PARTS_AT_ONCE: Final = 4
"""Parts of one body under way: 32 MiB beside the body itself."""
S3_RETRIES: Final = 3
"""Of one request, with growing pauses: a connection that died idle, a server that is busy for a moment."""
MAX_TORN_READS: Final = 3
"""Attempts at a large blob that is replaced while its parts are read."""
MAX_MEMORY_BLOB_BYTES: Final = 1024 * MIB
"""All blobs of the memory mode together: it is for trying out, and a process has to end somewhere."""

# --- diagnosis --------------------------------------------------------------------------------
MAX_SPANS_WAITING: Final = 2_048
"""Ended spans that wait to be sent; more are dropped. Some KiB each."""
SPANS_AT_ONCE: Final = 512
"""In one request to the collector: what the SDK itself proposes."""
MAX_RECENT_LINES: Final = 1_000
"""Of the log that are kept for `/debug/logs`: some 300 KiB."""
MAX_BUNDLE_PART_BYTES: Final = 64 * MIB
"""One file of a support bundle: a heap profile of a million sites."""
MAX_BUNDLE_SECONDS: Final = 60
"""How long the profiles of a support bundle may look."""
MAX_PROFILE_SECONDS: Final = 600
"""How long one profile may look. What a source gathers meanwhile is bounded by its number of stacks, not by time; whoever
wants to look for longer compares two profiles."""
MAX_PROFILE_BYTES: Final = 64 * MIB
"""A profile as a forked child hands it over: the heap with a million different stacks; real ones have some thousands."""
TASKS_AT_ONCE: Final = 500
"""Tasks whose stacks are read before the event loop has its turn: 2 ms (measured: 4 ms per 1,000)."""
MAX_FINDINGS: Final = 200
"""Different things that the server found wrong with itself and still tells of; the latest."""

# --- pictures of boards ---------------------------------------------------------------------------
MIN_THUMBNAIL_PX: Final = 16
MAX_THUMBNAIL_PX: Final = 1_024
"""Width of a thumbnail; its height is three quarters of it."""
THUMBNAIL_PX: Final = 320
"""Of one that nobody has asked for otherwise: a card in a list, on a screen of two pixels for one."""
MAX_PICTURE_PIXELS: Final = 16_000_000
"""Of an export: 61 MiB while it is drawn, and a second of encoding."""
MAX_PICTURE_SIDE: Final = 16_384
"""Pixels of a side: what browsers and editors still open."""
MAX_PICTURE_SCALE: Final = 8.0
"""Pixels for each board unit: more shows nothing that a larger picture of the screen would not."""
MIN_PICTURE_SCALE: Final = 0.000_001
"""At which a board of MAX_COORDINATE to either side still has 2,000 pixels."""
MAX_SVG_BYTES: Final = 64 * MIB
"""Of a board as SVG, pictures on it included; the largest that browsers still show at once are far smaller."""
MAX_DRAWN_BYTES: Final = 2 * MAX_SVG_BYTES
"""What the process that draws may say at a time: a picture of MAX_PICTURE_PIXELS that PNG makes no smaller has 61 MiB."""
MAX_PICTURE_ASSETS_BYTES: Final = 32 * MIB
"""Of the pictures on a board that go into one of it; what is above has a sign in its place."""
MAX_PICTURE_JOBS: Final = 256
"""Different pictures that wait to be drawn: thumbnails take some milliseconds each, so that who waits longer than DRAWING_WAIT
has been behind large boards."""
MAX_DRAWINGS_GIVEN_UP: Final = 1_024
"""Boards that took too long to draw and are left alone for DRAWING_PAUSE; each has cost DRAWING."""
MAX_KEPT_CANVASES: Final = 64
"""Boards whose picture is kept for the next stroke…"""
MAX_KEPT_CANVAS_BYTES: Final = 128 * MIB
"""…and what they take: a thumbnail is 300 KiB of pixels and some 3 MiB of paths for 10,000 strokes."""
MAX_ANSWERED_BYTES: Final = 8 * MIB
"""Thumbnails that are kept as they were sent, some 20 KiB each: a list of boards asks for all of them again."""
RENDER_MEMORY_BYTES: Final = 1_024 * MIB
"""What the process that draws may take: a board of MAX_BOARD_BYTES, an export of MAX_PICTURE_PIXELS and a picture of
MAX_ASSET_PIXELS together. Past it that picture fails, and nobody else."""
POOLED_BYTES: Final = 4 * KIB
"""Smaller buffers are made faster than found."""
POOL_BUFFERS: Final = 32
"""Idle buffers that are kept for later use…"""
POOL_BYTES: Final = 64 * MIB
"""…and their bytes: one for the largest export, or all of a list of thumbnails."""
POOL_USED_BYTES: Final = 256 * MIB
"""Bytes of buffers in use: MAX_KEPT_CANVAS_BYTES, and two exports."""
MAX_LEASES: Final = 1_024
"""Canvases and buffers that are held at a time; one for each session that draws would be a fraction of it."""
MAX_HOLDERS_WALKED: Final = 3_000
"""Objects that the search for who holds one goes back through: 50 walks through all of memory."""
MAX_DEPARTED: Final = 10_000
"""Sessions and boards that have ended, are still in memory and will be looked for; some 400 bytes each."""
LEAKS_SEARCHED: Final = 8
"""Ended things whose holders are searched in one look; the others have their turn with the next."""
TASKS_LOOKED_AT: Final = 1_000
"""Tasks in one turn: half a millisecond."""
LEAK_SEARCHES: Final = 3
"""How often a copy of the process may fail to say who holds something, before that is told without a holder."""
HOT_LOOKS: Final = 36
"""At allocations that are held against one another: six minutes of GROWTH_LOOK."""
HOT_SITES: Final = 128
"""Largest allocating sites that a look has: what grows by a share of all is soon among them. Taking them in is traced too: 10 ms."""
MAX_HOT_FRAMES: Final = 12
"""Of ours in the chain of one, the innermost."""
IN_USE_BYTES: Final = 500 * 1000 * 1000
"""Resident memory from which the server says that it is large (the seed's figure)."""
LEAST_GROWTH_BYTES: Final = 64 * MIB
"""Less than that is no growth, whatever the share: a small server reaches a third more by being used."""
GROWTH_LOOKS: Final = 30
"""Looks at resident memory that say what is usual: five minutes of GROWTH_LOOK."""
MAX_STALL_FRAMES: Final = 64
"""Of a stack that is told, the innermost: a request's has forty."""
MAX_STALL_LOOKS: Final = 16
"""At one stall: it has been seen four times as long as it takes to be one."""
