"""All three judgements together, as the parts that judge are given them. Pure."""

from dataclasses import dataclass, field

from whiteboard.trust.hosts import HostPolicy
from whiteboard.trust.origins import OriginPolicy
from whiteboard.trust.proxies import TrustedProxies


@dataclass(frozen=True, slots=True)
class Trust:
    """Made once, from the settings. By default: no proxy, no foreign page, any name."""

    proxies: TrustedProxies = field(default_factory=TrustedProxies)
    origins: OriginPolicy = field(default_factory=OriginPolicy)
    hosts: HostPolicy = field(default_factory=HostPolicy)
