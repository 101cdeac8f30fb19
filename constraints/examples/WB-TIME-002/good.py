# file: whiteboard/timeouts.py
from whiteboard.registry import register

PING_INTERVAL = register("ping-interval", 10.0, "why")
DEAD_PEER = register("dead-peer", 30.0, "why")
PING_GRID = register("ping-grid", 0.25, "why")
BROADCAST_TICK = register("broadcast-tick", 0.05, "why")
TICK_TURN = register("tick-turn", 0.005, "why")
PUMP_NAP = register("pump-nap", 0.001, "why")
PUMP_PASS = register("pump-pass", 0.003, "why")
FLUSH_CREDIT = register("flush-credit", 0.002, "why")
COMMIT_BURST = register("commit-burst", 0.005, "why")
COMMIT_RHYTHM = register("commit-rhythm", 0.01, "why")
SLOW_CLIENT = register("slow-client", 8.0, "why")
LOOKOUT = register("lookout", 1.0, "why")
DRAIN_NOTICE = register("drain-notice", 0.5, "why")
DRAIN_GRACE = register("drain-grace", 10.0, "why")
CLEANUP = register("cleanup", 2.0, "why")
