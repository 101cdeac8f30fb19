"""Settings: what an operator may choose, where a choice may come from, and what is wrong with it.

Flags win over `WHITEBOARD_*` variables, those over a YAML file, that over the defaults. Every source
is checked on its own, so that a bad key is reported even where a stronger source hides it, and all
bad keys are reported at once. Must not know what the settings are used for: it opens no data
directory, no certificate and no socket, and imports no plugin; it reads the configuration file, secret files
and the names of what is installed only.

`values` are what settings hold (`sampling` those of diagnosis), `settings` names and explains them, `parsing` reads one, `yaml_file`
a file, `sources` all places together, `installed` which plugins there are.
"""

from whiteboard.config.sampling import Environment, Rates
from whiteboard.config.settings import (
    OPTIONS,
    ConsulSettings,
    DebugSettings,
    LogSettings,
    MemorySettings,
    Option,
    S3Settings,
    SamplingSettings,
    Settings,
    TlsSettings,
    TracesSettings,
    describe,
    rates_with,
)
from whiteboard.config.sources import BadSampling, load, read_sampling_asked
from whiteboard.config.values import (
    NO_PATH,
    Address,
    BasePath,
    ConsulUrl,
    HostName,
    InstanceName,
    LogFormat,
    LogLevel,
    MemoryLimit,
    Mode,
    PluginName,
    PluginOption,
    PluginOptions,
    PostgresDsn,
    ReachableAddress,
    Secret,
    ServiceName,
    ServiceTag,
    StorageName,
    SystemdAddress,
    TcpAddress,
    TimeoutOverride,
    TrustedProxy,
    UnixAddress,
)

__all__ = [
    "NO_PATH",
    "OPTIONS",
    "Address",
    "BadSampling",
    "BasePath",
    "ConsulSettings",
    "ConsulUrl",
    "DebugSettings",
    "Environment",
    "HostName",
    "InstanceName",
    "LogFormat",
    "LogLevel",
    "LogSettings",
    "MemoryLimit",
    "MemorySettings",
    "Mode",
    "Option",
    "PluginName",
    "PluginOption",
    "PluginOptions",
    "PostgresDsn",
    "Rates",
    "ReachableAddress",
    "S3Settings",
    "SamplingSettings",
    "Secret",
    "ServiceName",
    "ServiceTag",
    "Settings",
    "StorageName",
    "SystemdAddress",
    "TcpAddress",
    "TimeoutOverride",
    "TlsSettings",
    "TracesSettings",
    "TrustedProxy",
    "UnixAddress",
    "describe",
    "load",
    "rates_with",
    "read_sampling_asked",
]
