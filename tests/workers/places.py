"""A server among others, for tests of its workers."""

from whiteboard.cluster.instances import Instance, Place

PLACE = Place(
    own=Instance(name="box:8080", address="127.0.0.1:8080", mode="sqlite", version="1", since=0),
    address=None,
    run="run",
)
