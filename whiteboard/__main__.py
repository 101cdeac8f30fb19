"""`python -m whiteboard`: the command line."""

import sys

from whiteboard.cli import main

if __name__ == "__main__":
    sys.exit(main())
