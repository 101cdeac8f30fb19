"""Who looks at a server from outside: the client, the doctor, and `top`."""

from typing import Final

from whiteboard.registry import register

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
TOP_ROUND: Final = register(
    "top-round",
    2.0,
    "SLA-DOCTOR-1: `whiteboard top` looks again after this; a reader follows no faster, and a look costs the server some milliseconds of CPU time.",
    "top looks again",
)
TOP_ANSWER: Final = register(
    "top-answer",
    5.0,
    "SLA-DOCTOR-1: The server's whole answer to `whiteboard top`; one that stands still for longer is told as away, and is asked again.",
    "a slow answer to top",
)
BUNDLE_PART: Final = register(
    "bundle-part",
    120.0,
    "SLA-DOCTOR-1: One part of a support bundle, to its last byte: MAX_BUNDLE_SECONDS for a profile of waits and as much for a slow line; a server that is silent is left after DOCTOR_STEP.",
    "a part of a bundle that trickles",
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
