"""The command: what was typed in, a report out."""

import base64
import math
from argparse import Namespace
from collections.abc import Callable

import trio

from whiteboard import timeouts
from whiteboard.credentials import read_secret_line
from whiteboard.doctor import report
from whiteboard.doctor.certificates import make_context
from whiteboard.doctor.examination import Options, examine
from whiteboard.doctor.findings import Finding, is_bad
from whiteboard.doctor.target import Target, parse_origin, parse_place
from whiteboard.errors import ConfigError

Say = Callable[[str], None]


def run(arguments: Namespace, say: Say) -> bool:
    """Examine and report; whether nothing is bad. Raises ConfigError for what cannot be examined."""
    options = read_options(arguments)
    if arguments.json:
        findings = trio.run(examine, options, _keep_silent)
        say(report.as_json(options.target, findings))
    else:
        say(report.heading(options.target, options.proxy_wait))
        findings = trio.run(examine, options, lambda finding: say(report.finding_text(finding)))
        say(report.summary(findings))
    return not is_bad(findings)


def read_options(arguments: Namespace) -> Options:
    """Raises ConfigError."""
    target, credentials = Target.of(arguments.url), read_secret_line(arguments.credentials_file)
    make_context(arguments.ca_file)  # a file that cannot be used is told before anything is asked
    return Options(
        target=target,
        origin=None if arguments.origin is None else parse_origin(arguments.origin),
        token=read_secret_line(arguments.token_file),
        credentials=None if credentials is None else _basic(credentials),
        connect_to=None if arguments.connect_to is None else parse_place(arguments.connect_to, target.port),
        ca_file=arguments.ca_file,
        proxy_wait=None if arguments.proxy_wait is None else _seconds(arguments.proxy_wait),
    )


def _keep_silent(_: Finding) -> None:
    pass


def _basic(credentials: str) -> str:
    """RFC 7617."""
    return f"Basic {base64.b64encode(credentials.encode()).decode('ascii')}"


def _seconds(value: float) -> float:
    most = timeouts.DOCTOR_LONGEST_WAIT.seconds
    if math.isnan(value) or not 0 <= value <= most:
        raise ConfigError([f"--proxy-wait {value:g}: expected seconds from 0 to {most:g}"])
    return value
