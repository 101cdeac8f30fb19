"""What is wrong with settings, for tests of them."""

import pytest

from whiteboard import config
from whiteboard.errors import ConfigError


def problems(flags: dict[str, str | None], environ: dict[str, str]) -> list[str]:
    """What `load` complains about."""
    with pytest.raises(ConfigError) as caught:
        config.load(flags, environ)
    return caught.value.problems
