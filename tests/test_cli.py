"""The command line: what it prints, and its exit codes."""

import argparse
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from certificates import Certificate, redated

from whiteboard import __version__, cli
from whiteboard.config.installed import STORAGE, names_of
from whiteboard.errors import ConfigError, StartupError
from whiteboard.protocol import schema


def whiteboard(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run the command as its own process, with no variables of ours but the given ones."""
    environ = {key: value for key, value in os.environ.items() if not key.startswith("WHITEBOARD_")}
    return subprocess.run(
        [sys.executable, "-m", "whiteboard", *arguments],
        capture_output=True,
        text=True,
        encoding="utf-8",
        env=environ | variables,
        check=False,
    )


def exit_code(monkeypatch: pytest.MonkeyPatch, outcome: BaseException | None) -> int:
    """The exit code of a command that ends in `outcome`."""

    def run(_: argparse.Namespace) -> int:
        if outcome is not None:
            raise outcome
        return cli.DONE

    monkeypatch.setattr(cli, "COMMANDS", (cli.Command("try", "test", run, lambda parser: None),))
    return cli.main(["try"])


def test_version() -> None:
    """`--version` names the program and its version."""
    result = whiteboard("--version")

    assert (result.returncode, result.stdout) == (0, f"whiteboard {__version__}\n")


@pytest.mark.parametrize("arguments", [(), ("fly",), ("serve", "--fly"), ("check-config", "--mod", "memory")])
def test_usage_errors_exit_with_2(arguments: tuple[str, ...]) -> None:
    """What cannot be parsed is answered with the usage; abbreviated flags are not guessed."""
    result = whiteboard(*arguments)

    assert result.returncode == 2
    assert result.stderr.startswith("usage: whiteboard")
    assert "Traceback" not in result.stderr


def test_an_unknown_flag_is_answered_with_the_commands_own_usage() -> None:
    """The flags that there are, not the list of commands."""
    result = whiteboard("serve", "--fly", "--mode", "memory")

    assert result.returncode == 2
    assert result.stderr.startswith("usage: whiteboard serve ")
    assert "--base-path PATH" in result.stderr
    assert result.stderr.endswith("whiteboard serve: error: unrecognized arguments: --fly\n")


def test_bad_configuration_exits_with_2_and_every_problem() -> None:
    """All bad keys come at once, one line each, without a traceback."""
    plugins = ", ".join(names_of(STORAGE)) or "none is"
    result = whiteboard("serve", "--mode", "rediss", WHITEBOARD_ADR=":1", WHITEBOARD_LOG_LEVEL="loud")

    assert result.returncode == 2
    assert sorted(result.stderr.splitlines()) == [
        f"whiteboard: --mode: expected memory, sqlite, redis or an installed storage plugin ({plugins}), got 'rediss'",
        "whiteboard: WHITEBOARD_ADR: no such variable; did you mean WHITEBOARD_ADDR?",
        "whiteboard: WHITEBOARD_LOG_LEVEL: expected debug, info, warning or error, got 'loud'",
    ]


def test_check_config_prints_the_result_with_secrets_masked(tmp_path: Path) -> None:
    """What serve would use, as YAML that names the file it came from."""
    file, token = tmp_path / "wb.yaml", "0123456789abcdef"
    file.write_text("mode: memory\nlog: {format: json}\n")
    result = whiteboard("check-config", "--config", str(file), "--addr", ":9", WHITEBOARD_DEBUG_TOKEN=token)
    shown = yaml.safe_load(result.stdout)

    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.startswith(f"# with {file}\n")
    assert (shown["mode"], shown["addr"], shown["log"]["format"]) == ("memory", ":9", "json")
    assert shown["debug"]["token"] == "********"
    assert token not in result.stdout


def test_check_config_looks_at_the_certificate(
    certificate: Certificate, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One that cannot be used fails, as `serve` would; one that clients refuse is warned of."""
    files = ["--tls-cert", str(certificate.cert), "--tls-key", str(certificate.key)]
    assert cli.main(["check-config", *files]) == cli.DONE
    assert capsys.readouterr().err == ""

    missing = tmp_path / "no.pem"
    assert cli.main(["check-config", "--tls-cert", str(missing), *files[2:]]) == cli.FAILED
    assert f"whiteboard: cannot read the TLS certificate {missing}: No such file" in capsys.readouterr().err

    expired = redated(certificate, tmp_path, b"200101000000Z", b"200201000000Z")
    assert cli.main(["check-config", "--tls-cert", str(expired), *files[2:]]) == cli.DONE
    told = capsys.readouterr().err
    assert told == f"whiteboard: the TLS certificate {expired} expired on 2020-02-01; clients refuse it\n"


def test_serve_looks_at_the_certificate_before_it_makes_a_data_directory(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A mistyped path leaves nothing behind, and the complaint says what to do."""
    missing, data = str(tmp_path / "no.pem"), tmp_path / "data"
    arguments = [
        "serve",
        "--addr",
        "127.0.0.1:0",
        "--data",
        str(data),
        "--tls-cert",
        missing,
        "--tls-key",
        missing,
    ]
    assert cli.main(arguments) == cli.FAILED
    assert "give with --tls-cert a PEM file that is there" in capsys.readouterr().err
    assert not data.exists()


def test_check_config_takes_secret_files_as_flags(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A secret comes on the command line as the name of its file only."""
    file = tmp_path / "token"
    file.write_text("0123456789abcdef")

    assert cli.main(["check-config", "--debug-token-file", str(file)]) == 0
    assert "********" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("outcome", "code", "told"),
    [
        (None, 0, ""),
        (StartupError("port 8080 is taken; choose another with --addr"), 1, "port 8080 is taken"),
        (ConfigError(["a: bad", "b: bad"]), 2, "whiteboard: a: bad\nwhiteboard: b: bad\n"),
        (ExceptionGroup("", [ExceptionGroup("", [StartupError("locked")])]), 1, "whiteboard: locked\n"),
        (KeyboardInterrupt(), 130, ""),
        (BaseExceptionGroup("", [KeyboardInterrupt()]), 130, ""),
    ],
)
def test_expected_failures_are_sentences(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    outcome: BaseException | None,
    code: int,
    told: str,
) -> None:
    """Every expected end has its exit code and a sentence, also when it crossed a nursery."""
    assert exit_code(monkeypatch, outcome) == code
    assert told in capsys.readouterr().err


@pytest.mark.parametrize("words", [["check-config"], ["doctor", "http://127.0.0.1:1/", "--proxy-wait", "0"]])
def test_who_reads_may_go(words: list[str]) -> None:
    """`whiteboard doctor URL | head -1` ends quietly, as other programs do."""
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "wb") as nobody:
        command = [sys.executable, "-m", "whiteboard", *words]
        ended = subprocess.run(command, stdout=nobody, stderr=subprocess.PIPE, check=False)

    assert (ended.returncode, ended.stderr) == (141, b"")


@pytest.mark.parametrize(
    "bug", [ValueError("bug"), ExceptionGroup("", [StartupError("x"), ValueError("bug")])]
)
def test_a_bug_keeps_its_traceback(monkeypatch: pytest.MonkeyPatch, bug: Exception) -> None:
    """Nobody hides what was not expected."""
    with pytest.raises(type(bug)):
        exit_code(monkeypatch, bug)


def test_schema_check_names_the_stale_file(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The committed descriptions are fresh; one that is not is named, with the remedy, and fails."""
    assert cli.main(["schema", "--check"]) == cli.DONE
    monkeypatch.setattr(schema, "DOCUMENTS", {"asyncapi.json": lambda: b"{}", "none.json": lambda: b"{}"})

    assert cli.main(["schema", "--check"]) == cli.FAILED
    complaint = capsys.readouterr().err
    assert "asyncapi.json is stale" in complaint
    assert "none.json is stale" in complaint
    assert "whiteboard schema --write" in complaint


def test_schema_write_writes_what_check_accepts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The copies lie beside the module, in `generated`."""
    monkeypatch.setattr(schema, "__file__", str(tmp_path / "schema.py"))

    assert cli.main(["schema", "--check"]) == cli.FAILED
    assert cli.main(["schema", "--write"]) == cli.DONE
    assert cli.main(["schema", "--check"]) == cli.DONE
    assert (tmp_path / "generated" / "asyncapi.json").read_bytes() == schema.asyncapi()


def test_the_page_is_written_for_others_to_serve(tmp_path: Path) -> None:
    """By the settings of the server, of which the base path counts; a folder has to be named."""
    result = whiteboard("page", "--write", str(tmp_path), WHITEBOARD_BASE_PATH="/wb")

    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith(f"the page is in {tmp_path}/wb/static/")
    assert '<base href="/wb/">' in (tmp_path / "wb/index.en.html").read_text()
    assert whiteboard("page").returncode == 2


def test_a_page_that_cannot_be_written_exits_with_1(tmp_path: Path) -> None:
    """A sentence names what is in the way."""
    (tmp_path / "file").write_text("")
    result = whiteboard("page", "--write", str(tmp_path / "file"))

    assert (result.returncode, "Traceback" in result.stderr) == (1, False)
    assert result.stderr.startswith(f"whiteboard: cannot write {tmp_path}/file")


@pytest.mark.parametrize("command", [one.name for one in cli.COMMANDS])
def test_every_command_tells_how_it_is_used(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever settings mean: a percent sign among them is one for argparse, unless it is doubled."""
    with pytest.raises(SystemExit) as left:
        cli.build_parser().parse_args([command, "--help"])
    assert left.value.code == 0
    assert "usage:" in capsys.readouterr().out
