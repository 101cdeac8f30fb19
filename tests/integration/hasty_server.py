"""The real server with short waits towards Consul, so that tests need not wait; run by `test_consul.py`.

Arguments are those of the command line. The product's registry of timeouts is changed, nothing else.
"""

import sys

from whiteboard import cli, timeouts

HASTE = {
    "CONSUL_ANSWER": 0.7,
    "CONSUL_LOOK": 0.3,
    "CONSUL_WAIT": 1.0,
    "CONSUL_PACE": 0.05,
    "CONSUL_RETRY_FIRST": 0.1,
    "CONSUL_RETRY_CAP": 0.4,
    "CONSUL_CHECK": 1.0,  # Consul's own least
    "CONSUL_LEAVE": 0.7,
}

if __name__ == "__main__":
    for name, seconds in HASTE.items():
        vars(timeouts)[name] = timeouts.Timeout(f"test-{name}", seconds, "short rounds")
    sys.exit(cli.main(sys.argv[1:]))
