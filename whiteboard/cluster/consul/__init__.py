"""The list of servers that Consul keeps (R34). Imported only where a setting asks for it."""

from whiteboard.cluster.consul.member import open_consul
from whiteboard.cluster.consul.words import Registration

__all__ = ["Registration", "open_consul"]
