"""The command line: parses, calls, and turns what happened into a sentence and an exit code.

Exit codes: 0 done (a drained server included, whatever signal began the drain), 1 it failed, 2 it was
asked for in a way that cannot work (usage, configuration), 130 interrupted before there was anything
to drain, 141 nobody read on. Must not know how a server is put together: `serve` is imported when it is needed, so that
`--version` and complaints stay quick and need nothing of it.
"""

import argparse
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Final

import attrs
import yaml

from whiteboard import __version__, config, limits, timeouts
from whiteboard.errors import ConfigError, WhiteboardError

DONE: Final = 0
FAILED: Final = 1
UNUSABLE: Final = 2
INTERRUPTED: Final = 130
"""What shells report for a program that Ctrl-C ended."""
UNHEARD: Final = 141
"""What shells report for a program that wrote to one that had gone, as `head` goes."""
_DUMP: Final = "/debug/timeouts"


class StaleDocuments(WhiteboardError):
    """A generated file is not what the code generates."""


class UnreadDump(WhiteboardError):
    """What `/debug/timeouts` should have answered cannot be had."""


@attrs.frozen
class Command:
    """A subcommand. A new one is one more entry of `COMMANDS`."""

    name: str
    meaning: str
    """One line for the help."""
    run: Callable[[argparse.Namespace], int]
    """Does it; the exit code. May raise WhiteboardError."""
    add_arguments: Callable[[argparse.ArgumentParser], None]
    epilog: str = ""
    """Below the help of its flags."""


# --- the commands -----------------------------------------------------------------------------
def _serve(arguments: argparse.Namespace) -> int:
    settings = _settings(arguments)
    from whiteboard import serve  # noqa: PLC0415 - see the module docstring

    serve.run(settings)
    return DONE


def _check_config(arguments: argparse.Namespace) -> int:
    settings = _settings(arguments)
    _check_certificate(settings.tls)
    _check_plugins(settings)
    if settings.config_file is not None:
        print(f"# with {settings.config_file}")
    print(yaml.safe_dump(config.describe(settings), sort_keys=False, allow_unicode=True), end="")
    return DONE


def _check_certificate(tls: config.TlsSettings) -> None:
    """Raises StartupError, as `serve` would; a certificate that clients refuse is only warned of."""
    from whiteboard.transport import certificates  # noqa: PLC0415 - see the module docstring
    from whiteboard.transport.tls import load_tls  # noqa: PLC0415 - see the module docstring

    if tls.cert is None:
        return
    load_tls(tls.cert, tls.key)
    if (fault := certificates.fault_of(tls.cert)) is not None:
        print(f"whiteboard: the TLS certificate {tls.cert} {fault}; clients refuse it", file=sys.stderr)


def _check_plugins(settings: config.Settings) -> None:
    """Raises StartupError or ConfigError, as `serve` would, for what is wrong before a plugin is opened."""
    from whiteboard.composition.stores import storage_of  # noqa: PLC0415 - see the module docstring
    from whiteboard.serve import guard_of  # noqa: PLC0415 - see the module docstring

    storage_of(settings)
    guard_of(settings)


def _schema(arguments: argparse.Namespace) -> int:
    from whiteboard.protocol import schema  # noqa: PLC0415 - see the module docstring

    folder = Path(schema.__file__).parent / "generated"
    stale = []
    for name, document in schema.DOCUMENTS.items():
        path, text = folder / name, document()
        if arguments.write:
            folder.mkdir(exist_ok=True)
            path.write_bytes(text)
        elif not path.is_file() or path.read_bytes() != text:
            stale.append(f"{path} is stale: run `python -m whiteboard schema --write` and commit it")
    if stale:
        raise StaleDocuments("; ".join(stale))
    return DONE


def _doctor(arguments: argparse.Namespace) -> int:
    from whiteboard.doctor import command  # noqa: PLC0415 - see the module docstring

    return DONE if command.run(arguments, partial(print, flush=True)) else FAILED


def _add_doctor(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "url", metavar="URL", help="where people open the boards, such as https://example.org/wb"
    )
    parser.add_argument("--origin", help="origin of the pages that open sockets, if it is not that of URL")
    parser.add_argument("--connect-to", metavar="HOST[:PORT]", help="connect there; names stay those of URL")
    parser.add_argument(
        "--proxy-wait", metavar="SECONDS", type=float, help="watch an idle socket for so long"
    )
    parser.add_argument(
        "--ca-file", metavar="FILE", type=Path, help="further authority that signs certificates"
    )
    parser.add_argument(
        "--token-file", metavar="FILE", type=Path, help="the operator's token, to leave no board"
    )
    parser.add_argument("--credentials-file", metavar="FILE", type=Path, help="USER:PASSWORD for the proxy")
    parser.add_argument("--json", action="store_true", help="the same for programs")


def _support_bundle(arguments: argparse.Namespace) -> int:
    from whiteboard.bundle import command  # noqa: PLC0415 - see the module docstring

    return DONE if command.run(arguments, partial(print, flush=True)) else FAILED


def _add_support_bundle(parser: argparse.ArgumentParser) -> None:
    from whiteboard.bundle import command  # noqa: PLC0415 - see the module docstring

    command.add_arguments(parser)


def _top(arguments: argparse.Namespace) -> int:
    from whiteboard.top import command  # noqa: PLC0415 - see the module docstring

    command.run(arguments, partial(print, flush=True))
    return DONE


def _add_top(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("url", metavar="URL", help="of the server, such as http://localhost:8080")
    parser.add_argument("--once", action="store_true", help="one look, as text")
    parser.add_argument("--json", action="store_true", help="for programs: each look as a line of JSON")
    parser.add_argument(
        "--token-file", metavar="FILE", type=Path, help="the operator's token, from another machine"
    )
    parser.add_argument(
        "--ca-file", metavar="FILE", type=Path, help="further authority that signs certificates"
    )


def _add_schema(parser: argparse.ArgumentParser) -> None:
    choice = parser.add_mutually_exclusive_group(required=True)
    choice.add_argument("--write", action="store_true", help="write the copies that are committed")
    choice.add_argument("--check", action="store_true", help="fail when a copy is stale")


def _check_rules(arguments: argparse.Namespace) -> int:
    from whiteboard.governance import commands  # noqa: PLC0415 - see the module docstring

    return commands.run(arguments)


def _add_check_rules(parser: argparse.ArgumentParser) -> None:
    from whiteboard.governance.check_arguments import add_arguments  # noqa: PLC0415 - see the module docstring

    add_arguments(parser)


def _timeouts(arguments: argparse.Namespace) -> int:
    from whiteboard.governance import commands_timeouts  # noqa: PLC0415 - see the module docstring

    return commands_timeouts.run(arguments, _dump(arguments.dump) if arguments.asked == "margins" else "")


def _dump(place: str) -> str:
    """What a file, standard input, or a server at a URL has, which may name its /debug/timeouts. Raises UnreadDump."""
    from urllib.request import urlopen  # noqa: PLC0415 - see the module docstring

    try:
        if place == "-":
            return sys.stdin.read()
        if place.startswith(("http://", "https://")):
            place = place if place.endswith(_DUMP) else place.rstrip("/") + _DUMP
            with urlopen(place, timeout=timeouts.DOCTOR_STEP.seconds) as answer:  # noqa: S310 - one of the two schemes
                return str(answer.read(limits.MIB).decode("utf-8", "replace"))
        return Path(place).read_text("utf-8")
    except (OSError, ValueError) as error:
        raise UnreadDump(f"{place} cannot be read: {error}") from error


def _add_timeouts(parser: argparse.ArgumentParser) -> None:
    from whiteboard.governance import commands_timeouts  # noqa: PLC0415 - see the module docstring

    commands_timeouts.add_arguments(parser)


def _page(arguments: argparse.Namespace) -> int:
    settings = _settings(arguments)
    from whiteboard.web.page import load_page  # noqa: PLC0415 - see the module docstring
    from whiteboard.web.page_folder import write_page  # noqa: PLC0415 - see the module docstring

    written = write_page(load_page(settings.base_path), settings.base_path, Path(arguments.write))
    print(f"the page is in {written}")
    return DONE


def _add_page(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--write", metavar="DIR", required=True, help="folder to write into")
    _add_settings(parser)


def _add_settings(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--config", metavar="FILE", help="YAML file with the settings below")
    for option in config.OPTIONS:
        key, flag, metavar, meaning = option.key, option.flag, option.help.metavar, option.help.meaning
        if option.is_secret:
            key, flag, metavar = f"{key}_file", f"{flag}-file", "FILE"
            meaning = f"file with the {meaning}"
        if option.is_list:
            metavar = f"{metavar},..."
        if option.default:
            meaning = f"{meaning} (default: {option.default})"
        parser.add_argument(flag, dest=key, metavar=metavar, help=meaning.replace("%", "%%"))


def _settings(arguments: argparse.Namespace) -> config.Settings:
    ours = {"command", "run", "parser", "write"}
    flags = {key: value for key, value in vars(arguments).items() if key not in ours}
    return config.load(flags, os.environ)


# Tools of whoever works on a project; they are no part of a server.
def _leakcheck(arguments: argparse.Namespace) -> int:
    from whiteboard.leakcheck import command  # noqa: PLC0415 - see the module docstring

    return DONE if command.run(arguments, partial(print, flush=True)) else FAILED


def _add_leakcheck(parser: argparse.ArgumentParser) -> None:
    from whiteboard.leakcheck import command  # noqa: PLC0415 - see the module docstring

    command.add_arguments(parser)


def _debt(arguments: argparse.Namespace) -> int:
    from whiteboard.governance import commands_debt  # noqa: PLC0415 - see the module docstring

    return commands_debt.run(arguments)


def _add_debt(parser: argparse.ArgumentParser) -> None:
    from whiteboard.governance import commands_debt  # noqa: PLC0415 - see the module docstring

    commands_debt.add_arguments(parser)


def _adr(arguments: argparse.Namespace) -> int:
    from whiteboard.governance import commands_adr  # noqa: PLC0415 - see the module docstring

    return commands_adr.run(arguments)


def _add_adr(parser: argparse.ArgumentParser) -> None:
    from whiteboard.governance import commands_adr  # noqa: PLC0415 - see the module docstring

    commands_adr.add_arguments(parser)


_EPILOG: Final = (
    "Every flag can be given as a variable (--log-level as WHITEBOARD_LOG_LEVEL) and as a key of the"
    " YAML file (log.level). Flags win over variables, variables over the file."
)
COMMANDS: Final = (
    Command("serve", "serve boards until SIGTERM or Ctrl-C", _serve, _add_settings, _EPILOG),
    Command(
        "check-config",
        "show the settings that serve would use, or all that is wrong",
        _check_config,
        _add_settings,
        _EPILOG,
    ),
    Command(
        "doctor",
        "look at a server as visitors meet it, and say what to change",
        _doctor,
        _add_doctor,
        "Exit code 0: nothing is bad, warnings allowed; 1: something is; 2: it could not be examined like that.",
    ),
    Command(
        "support-bundle",
        "write one file that says how a running server is, for whoever is asked to help",
        _support_bundle,
        _add_support_bundle,
        "Exit code 0: all that this server has is in it; 1: some of it could not be had, as with a wrong token, or nothing.",
    ),
    Command(
        "top",
        "how a server is doing, every two seconds, in a terminal",
        _top,
        _add_top,
        "Keys: q ends it; s, b, u, w, o sort by sessions, board, queue, waiting ops, ops a second.",
    ),
    Command(
        "page",
        "write the page's files for nginx or a CDN to serve; of the settings, base_path counts",
        _page,
        _add_page,
        _EPILOG,
    ),
    Command("check", "hold a package against the rules of its architecture", _check_rules, _add_check_rules),
    Command("timeouts", "the durations of a project: list, diff, margins", _timeouts, _add_timeouts),
    Command("debt", "what the project owes itself, the first to pay first", _debt, _add_debt),
    Command("adr", "the project's decisions: new, list, check, retro", _adr, _add_adr),
    Command(
        "leakcheck",
        "do the same to a server again and again, and count what is left of it",
        _leakcheck,
        _add_leakcheck,
        "Exit code 0: nothing leaks; 1: something does, and who holds it is said.",
    ),
    Command("schema", "write or check the generated descriptions of the messages", _schema, _add_schema),
)


# --- from arguments to an exit code -----------------------------------------------------------
def build_parser() -> argparse.ArgumentParser:
    """The parser of all commands."""
    parser = argparse.ArgumentParser(
        prog="whiteboard", description="A self-hosted real-time whiteboard server.", allow_abbrev=False
    )
    parser.add_argument("--version", action="version", version=f"whiteboard {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for command in COMMANDS:
        subparser = commands.add_parser(
            command.name,
            help=command.meaning,
            description=command.meaning,
            epilog=command.epilog,
            allow_abbrev=False,
        )
        command.add_arguments(subparser)
        subparser.set_defaults(run=command.run, parser=subparser)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; its exit code. Usage errors and `--version` leave through SystemExit."""
    arguments, unknown = build_parser().parse_known_args(argv)
    if unknown:  # argparse would complain with the usage of all commands, which names none of their flags
        arguments.parser.error(f"unrecognized arguments: {' '.join(unknown)}")
    run: Callable[[argparse.Namespace], int] = arguments.run
    return _told(lambda: run(arguments))


def work() -> int:
    """Be one of the workers of a server, which says through standard input what it is to do; its exit code."""
    from whiteboard import serve  # noqa: PLC0415 - see the module docstring

    def run() -> int:
        serve.work(sys.stdin.buffer.read())
        return DONE

    return _told(run)


def _told(run: Callable[[], int]) -> int:
    """The exit code of what `run` does; faults are told on standard error."""
    try:
        code = run()
        print(end="", flush=True)
        return code
    except WhiteboardError as fault:
        return _tell([fault])
    except BaseExceptionGroup as group:
        # What crossed a nursery. Anything that is not expected is a bug and keeps its traceback.
        _, bugs = group.split((WhiteboardError, KeyboardInterrupt))
        if bugs is not None:
            raise
        faults = [fault for fault in _leaves(group) if isinstance(fault, WhiteboardError)]
        return _tell(faults) if faults else INTERRUPTED
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # What is left in the buffer would fail once more, when Python flushes it at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return UNHEARD


def _leaves(group: BaseExceptionGroup[BaseException]) -> Iterator[BaseException]:
    for inner in group.exceptions:
        if isinstance(inner, BaseExceptionGroup):
            yield from _leaves(inner)
        else:
            yield inner


def _tell(faults: list[WhiteboardError]) -> int:
    for fault in faults:
        for line in fault.problems if isinstance(fault, ConfigError) else [str(fault)]:
            print(f"whiteboard: {line}", file=sys.stderr)
    return UNUSABLE if all(isinstance(fault, ConfigError) for fault in faults) else FAILED
