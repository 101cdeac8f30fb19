"""Settings that every test shares."""

import os

from hypothesis import HealthCheck, settings

# No deadline: a busy machine is no failure. In CI the same examples every time, so that a red run is
# the change's doing; on a person's machine new ones, so that the search goes on.
settings.register_profile(
    "whiteboard",
    deadline=None,
    derandomize=bool(os.environ.get("CI")),
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("whiteboard")
