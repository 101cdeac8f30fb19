"""The timeout registry: every deadline, wait and interval of the server, each with its reason.

Nothing else in the package names a duration. Code writes `with deadline(timeouts.COMMIT):`, which `deadlines` has, and
reads `.seconds` only when it uses them. An entry: its name, its value, the service level that it serves
(`constraints/sla.yaml`) and why it has this value, and the scenario that tests it at 0.8, 1.0 and 1.2 of that.

The modules hold entries and nothing else, each of one part of the server; here they have one name, wherever they stand.
"""

from whiteboard.registry import REGISTRY as REGISTRY
from whiteboard.registry import Timeout as Timeout
from whiteboard.timeouts.boards import *  # noqa: F403 - see the docstring
from whiteboard.timeouts.diagnosis import *  # noqa: F403 - see the docstring
from whiteboard.timeouts.disks import *  # noqa: F403 - see the docstring
from whiteboard.timeouts.leaks import *  # noqa: F403 - see the docstring
from whiteboard.timeouts.processes import *  # noqa: F403 - see the docstring
from whiteboard.timeouts.records import *  # noqa: F403 - see the docstring
from whiteboard.timeouts.redis import *  # noqa: F403 - see the docstring
from whiteboard.timeouts.sampling import *  # noqa: F403 - see the docstring
from whiteboard.timeouts.sessions import *  # noqa: F403 - see the docstring
from whiteboard.timeouts.sockets import *  # noqa: F403 - see the docstring
from whiteboard.timeouts.visitors import *  # noqa: F403 - see the docstring
from whiteboard.timeouts.watches import *  # noqa: F403 - see the docstring
