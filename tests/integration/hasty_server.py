"""The real server with short waits, so that tests need not wait; run by `server_process.HastyServer`.

Arguments: what to change in the product's registry of timeouts, as NAME=SECONDS with commas between, then those of the
command line. Nothing else is changed.
"""

import sys

from whiteboard import cli, timeouts

if __name__ == "__main__":
    for change in sys.argv[1].split(","):
        name, _, seconds = change.partition("=")
        assert isinstance(vars(timeouts)[name], timeouts.Timeout), name
        vars(timeouts)[name] = timeouts.Timeout(f"test-{name}", float(seconds), "short rounds")
    sys.exit(cli.main(sys.argv[2:]))
