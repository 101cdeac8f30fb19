"""`benchmarks.gate` can be imported, while the rest of the checkout stays off sys.path."""

from pathlib import Path

import benchmarks

# With `tests` on sys.path this folder is a part of that namespace already.
benchmarks.__path__ = [*benchmarks.__path__, str(Path(__file__).parents[2] / "benchmarks")]
