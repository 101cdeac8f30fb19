"""The real server with short waits, so that tests need not wait; run by `server_process.HastyServer`.

Arguments: what to change in the product's registry of timeouts, as NAME=SECONDS with commas between, then those of the
command line. Nothing else is changed.
"""

import sys

from whiteboard import cli, timeouts


def main(haste: str, arguments: list[str]) -> int:
    """Change the waits, and run the command; its exit code."""
    for change in haste.split(","):
        name, _, seconds = change.partition("=")
        assert isinstance(vars(timeouts)[name], timeouts.Timeout), name
        vars(timeouts)[name] = timeouts.Timeout(f"test-{name}", float(seconds), "short rounds")
    return cli.main(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
