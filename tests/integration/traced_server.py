"""The real server with its allocations traced once it is imported; run by `test_pprof`.

Arguments: the frames of each allocation that are kept, then those of the command line.
"""

import sys

from whiteboard import (
    cli,
    serve,  # noqa: F401 - before tracing begins, which makes importing ten times slower
)
from whiteboard.diagnostics.profiles import tracing

if __name__ == "__main__":
    tracing.start(int(sys.argv[1]))
    sys.exit(cli.main(sys.argv[2:]))
