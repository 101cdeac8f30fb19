"""Settings from flags, variables, a YAML file and defaults."""

from pathlib import Path

import pytest
import yaml
from complaints import problems
from hypothesis import HealthCheck, given, settings, strategies

from whiteboard import config, limits
from whiteboard.config import MemoryLimit, Mode, Secret, Settings, SystemdAddress, TcpAddress, UnixAddress
from whiteboard.config.installed import STORAGE, names_of
from whiteboard.trust.origins import ANY_ORIGIN, Origin

TOKEN = "0123456789abcdef"
MODE = f"expected memory, sqlite, redis or an installed storage plugin ({', '.join(names_of(STORAGE)) or 'none is'})"
ORIGIN = "expected an origin such as https://draw.example.org, or *"


def test_no_source_gives_the_defaults() -> None:
    """Nothing has to be configured (R1)."""
    assert config.load({}, {}) == Settings()


def test_flags_win_over_variables_over_file_over_defaults(yaml_file: Path) -> None:
    """The four sources have one fixed order."""
    yaml_file.write_text("mode: memory\ndata: /file\nlog: {level: error, format: json}\n")
    given_settings = config.load(
        {"config": str(yaml_file), "data": "/flag", "log.level": None},
        {"WHITEBOARD_DATA": "/variable", "WHITEBOARD_LOG_LEVEL": "DEBUG"},
    )

    assert given_settings.data == Path("/flag")
    assert given_settings.log == config.LogSettings(config.LogFormat.JSON, config.LogLevel.DEBUG)
    assert given_settings.mode is Mode.MEMORY
    assert given_settings.addr == Settings().addr
    assert given_settings.config_file == yaml_file


def test_every_problem_of_every_source_is_reported_at_once(yaml_file: Path) -> None:
    """One run shows all that is to be mended, each with its path and source."""
    yaml_file.write_text(
        "mode: rediss\ndta: x\ntls: 5\norigins: [https://ok.example, ftp://x]\nlog: {lvel: debug}\n"
        "trusted_proxies: {a: b}\ndebug: {token: short}\n"
    )
    found = problems(
        {"config": str(yaml_file), "drain_grace": "-1"},
        {"WHITEBOARD_MODE": "x", "WHITEBOARD_ADR": ":1", "WHITEBOARD_ORIGINS": "https://ok.example,b"},
    )

    assert sorted(found) == sorted(
        [
            "WHITEBOARD_ADR: no such variable; did you mean WHITEBOARD_ADDR?",
            f"{yaml_file}: mode: {MODE}, got 'rediss'",
            f"{yaml_file}: dta: no such key; did you mean data?",
            f"{yaml_file}: tls: expected a mapping of keys, got 5",
            f"{yaml_file}: origins[1]: {ORIGIN}, got 'ftp://x'",
            f"{yaml_file}: log.lvel: no such key; did you mean level?",
            f"{yaml_file}: trusted_proxies: expected a list, got {{'a': 'b'}}",
            f"{yaml_file}: debug.token: expected at least 16 characters, got 5",
            f"WHITEBOARD_MODE: {MODE}, got 'x'",
            f"WHITEBOARD_ORIGINS: {ORIGIN}, got 'b'",
            "--drain-grace: expected a number of seconds above 0, got '-1'",
        ]
    )


def test_a_bad_key_is_reported_even_when_a_stronger_source_hides_it() -> None:
    """A good flag does not excuse a bad variable."""
    assert problems({"mode": "memory"}, {"WHITEBOARD_MODE": "x"}) == [f"WHITEBOARD_MODE: {MODE}, got 'x'"]


@pytest.mark.parametrize(
    ("text", "address"),
    [
        (":8080", TcpAddress(None, 8080)),
        ("localhost:0", TcpAddress("localhost", 0)),
        ("[::1]:80", TcpAddress("::1", 80)),
        ("unix:/run/wb.sock", UnixAddress(Path("/run/wb.sock"))),
        ("systemd", SystemdAddress()),
    ],
)
def test_addresses(text: str, address: config.Address) -> None:
    """An address is HOST:PORT, :PORT, unix:/path or systemd, and is written as it was read."""
    assert config.load({"addr": text}, {}).addr == address
    assert str(address) == text


@pytest.mark.parametrize("text", ["8080", "host", "::1:80", ":99999", ":x", "unix:", "a b:80", ":", "a:²"])
def test_bad_addresses(text: str) -> None:
    """What is no address is refused with the forms that are."""
    assert problems({"addr": text}, {})[0].startswith("--addr: expected ")


@pytest.mark.parametrize(
    ("text", "base"), [("wb", "/wb"), ("/wb/", "/wb"), ("/a/b", "/a/b"), ("/", ""), ("//wb//", "/wb")]
)
def test_base_path_is_normalised(text: str, base: str) -> None:
    """One spelling: a slash in front and none at the end; the root is empty."""
    assert config.load({"base_path": text}, {}).base_path == base


@pytest.mark.parametrize("text", ["/a//b", "/../x", "/a b", "/<x>", "/a?b"])
def test_bad_base_paths(text: str) -> None:
    """A base path that could not stand in a URL and a template as it is, is refused."""
    assert problems({"base_path": text}, {})[0].startswith("--base-path: expected ")


def test_lists_come_with_commas_or_as_yaml_lists(yaml_file: Path) -> None:
    """Lists have the same meaning in every source."""
    yaml_file.write_text("origins: https://A.example, http://b.example:81/\ntrusted_proxies: [10.1.2.3/8]\n")
    loaded = config.load({"config": str(yaml_file)}, {})

    assert loaded.origins == (Origin("https", "a.example", 443), Origin("http", "b.example", 81))
    assert loaded.trusted_proxies == ("10.0.0.0/8",)
    anyone = config.load({"hosts": "*", "origins": "*", "trusted_proxies": "*"}, {})
    assert (anyone.hosts, anyone.origins, anyone.trusted_proxies) == (("*",), (ANY_ORIGIN,), ("*",))


def test_names_and_origins_are_kept_in_one_form() -> None:
    """However they were written, they are compared as what they are."""
    loaded = config.load({"hosts": "Draw.Example., [::1], 0::2", "origins": "https://A.example:443"}, {})

    assert loaded.hosts == ("draw.example", "::1", "::2")
    assert config.describe(loaded)["origins"] == ["https://a.example"]


@pytest.mark.parametrize(
    "text", ["draw.example:8443", "https://draw.example", "a b", "*.example", "draw.example:"]
)
def test_bad_hosts(text: str) -> None:
    """A name has no scheme, port or star in it; the complaint says so."""
    (problem,) = problems({"hosts": text}, {})

    assert problem.startswith("--hosts: expected a host name such as draw.example.org without scheme or port")


def test_a_tilde_is_a_home_directory(monkeypatch: pytest.MonkeyPatch, yaml_file: Path) -> None:
    """In every path and source, where no shell has put it in; `~nobody` is told."""
    monkeypatch.setenv("HOME", "/home/ada")
    yaml_file.write_text("data: ~/boards\naddr: unix:~/s\ntls: {cert: ~/c.pem, key: ~/k.pem}\n")
    loaded = config.load({"config": str(yaml_file)}, {})

    assert loaded.data == Path("/home/ada/boards")
    assert loaded.addr == UnixAddress(Path("/home/ada/s"))
    assert loaded.tls.cert == Path("/home/ada/c.pem")
    unknown = "~no-such-user-here/x"
    assert problems({"data": unknown}, {}) == [
        f"--data: expected a path below a home directory that exists, got {unknown!r}"
    ]
    assert problems({"config": unknown}, {})[0].startswith("--config: expected a path below a home directory")
    monkeypatch.setenv("HOME", str(yaml_file.parent))
    assert config.load({}, {"WHITEBOARD_CONFIG": f"~/{yaml_file.name}"}).config_file == yaml_file


def test_a_secret_can_stand_in_a_file(tmp_path: Path, yaml_file: Path) -> None:
    """`_FILE` variants keep a secret out of the environment and of the configuration."""
    secret_file = tmp_path / "token"
    secret_file.write_text(TOKEN + "\n")
    yaml_file.write_text(f"debug: {{token_file: {secret_file}}}\n")
    by_flag = config.load({"debug.token_file": str(secret_file)}, {"WHITEBOARD_DEBUG_TOKEN": "f" * 16})

    assert by_flag.debug.token == Secret(TOKEN)
    assert config.load({}, {"WHITEBOARD_DEBUG_TOKEN_FILE": str(secret_file)}).debug.token == Secret(TOKEN)
    assert config.load({"config": str(yaml_file)}, {}).debug.token == Secret(TOKEN)


def test_faults_of_secret_files(tmp_path: Path) -> None:
    """A secret file that is missing, binary, too short or contradicted is named; its content is not."""
    binary, short = tmp_path / "binary", tmp_path / "short"
    binary.write_bytes(b"\xff\xfe\x00")
    short.write_text("hunter2")

    def problem(name: Path) -> list[str]:
        return problems({}, {"WHITEBOARD_DEBUG_TOKEN_FILE": str(name)})

    prefix = "WHITEBOARD_DEBUG_TOKEN_FILE: "
    assert problem(tmp_path / "no") == [f"{prefix}cannot read {tmp_path / 'no'}: No such file or directory"]
    assert problem(binary) == [f"{prefix}is no UTF-8 text"]
    assert problem(short) == [f"{prefix}expected at least 16 characters, got 7"]
    both = {"WHITEBOARD_DEBUG_TOKEN_FILE": str(short), "WHITEBOARD_DEBUG_TOKEN": TOKEN}
    assert problems({}, both) == [f"{prefix}given together with WHITEBOARD_DEBUG_TOKEN; choose one"]


def test_secrets_do_not_show() -> None:
    """Neither repr, str, description nor a complaint gives a secret away."""
    loaded = config.load({}, {"WHITEBOARD_DEBUG_TOKEN": TOKEN})

    assert TOKEN not in repr(loaded) + str(loaded.debug.token) + str(config.describe(loaded))
    assert loaded.debug.token is not None
    assert loaded.debug.token.matches(TOKEN)
    assert not loaded.debug.token.matches(TOKEN + "x")
    assert "hunter 2" not in str(problems({}, {"WHITEBOARD_DEBUG_TOKEN": "hunter 2"}))


@pytest.mark.parametrize(
    ("variable", "text"),
    [
        ("S3_ENDPOINT", "https://ada:{secret}@store.internal:9000"),
        ("CONSUL_ADDR", "http://consul.internal:8500/?token={secret}"),
        ("REDIS_ADDR", "redis://redis.internal/0?password={secret}&x=1"),
        ("ORIGINS", "https://ada:{secret}@draw.example"),
    ],
)
def test_complaints_about_urls_leave_out_what_should_not_stand_there(variable: str, text: str) -> None:
    """User, password and options of a URL are masked: logs keep what a start complains about."""
    (told,) = problems({}, {f"WHITEBOARD_{variable}": text.format(secret=TOKEN)})
    assert TOKEN not in told
    assert "://********@" in told or "=********" in told


def test_certificate_and_key_come_together() -> None:
    """One TLS file without the other is a mistake, whatever sources they come from."""
    assert problems({"tls.cert": "c.pem"}, {}) == [
        "tls.key: missing, but tls.cert is given; give both or none"
    ]
    assert config.load({"tls.cert": "c"}, {"WHITEBOARD_TLS_KEY": "k"}).tls.key == Path("k")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("mode: [", "is no YAML: line 1: expected the node content"),
        ("data: [x]", "data: expected a path, got ['x']"),
        ("- mode", "expected a mapping of keys, got ['mode']"),
        ("mode: memory\nmode: sqlite", "is no YAML: line 2: key 'mode' is given twice"),
        ("1: 2", "1: no such key"),
        ("drain_grace: soon", "drain_grace: expected a number of seconds above 0, got 'soon'"),
        ("drain_grace: true", "drain_grace: expected a number of seconds above 0, got True"),
        ("drain_grace: .inf", "drain_grace: expected a number of seconds above 0, got inf"),
        ("drain_grace: []", "drain_grace: expected a number of seconds above 0, got []"),
        ("trusted_proxies: [10.0.0.0/99]", "trusted_proxies[0]: expected an IP address, a network"),
        ("log: {level: {}}", "log.level: expected debug, info, warning or error, got {}"),
        ("debug: {token: 123}", "debug.token: expected letters, digits and signs without spaces"),
        ("config_file: x", "config_file: no such key"),
        ("tls: &t\n  cert: *t", "is no YAML: line 2: alias *t is not supported; write the value out"),
        ("a: &a [1]\n<<: *a", "is no YAML: line 2: alias *a is not supported"),
        ("a: " + "[" * 5_000, "is nested too deeply"),
    ],
)
def test_bad_files(yaml_file: Path, text: str, complaint: str) -> None:
    """Whatever is wrong in a file is said with the file's name."""
    yaml_file.write_text(text)
    (problem,) = problems({"config": str(yaml_file)}, {})

    assert problem.startswith(f"{yaml_file}: ")
    assert complaint in problem


def test_a_missing_file_is_a_problem(tmp_path: Path) -> None:
    """A file that was asked for has to be there; the variable names it as well as the flag."""
    missing = tmp_path / "no.yaml"

    assert problems({}, {"WHITEBOARD_CONFIG": str(missing)}) == [
        f"{missing}: cannot be read: No such file or directory"
    ]


def test_empty_means_unset(yaml_file: Path) -> None:
    """An empty variable, an empty file and `key:` with nothing after it change nothing."""
    yaml_file.write_text("mode:\nlog:\n  level:\n")
    environ = {"WHITEBOARD_MODE": "", "WHITEBOARD_CONFIG": str(yaml_file), "OTHER": "x"}

    assert config.load({}, environ) == Settings(config_file=yaml_file)
    yaml_file.write_text("")
    assert config.load({}, environ) == Settings(config_file=yaml_file)


def test_option_names() -> None:
    """Every setting has one key, one variable and one flag, each derived from its path."""
    names = {(option.key, option.variable, option.flag) for option in config.OPTIONS}

    assert ("log.level", "WHITEBOARD_LOG_LEVEL", "--log-level") in names
    assert ("base_path", "WHITEBOARD_BASE_PATH", "--base-path") in names
    assert len({option.variable for option in config.OPTIONS}) == len(config.OPTIONS)


@pytest.mark.no_cover
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    flags=strategies.fixed_dictionaries(
        {
            "mode": strategies.sampled_from(["memory", "sqlite", "redis"]),
            "addr": strategies.integers(0, 65535).map(":{}".format),
            "base_path": strategies.from_regex(r"/|(/[a-z0-9]{1,5}){1,3}", fullmatch=True),
            "drain_grace": strategies.floats(0.001, 1e6).map(repr),
            "hosts": strategies.sampled_from(["", "*", "draw.example,::1"]),
            "origins": strategies.sampled_from(["", "*", "https://a.example:443,http://[::1]:81"]),
            "trusted_proxies": strategies.lists(strategies.ip_addresses().map(str), max_size=3).map(",".join),
        }
    )
)
def test_a_description_reads_back_as_the_same_settings(yaml_file: Path, flags: dict[str, str | None]) -> None:
    """What `check-config` prints is a valid configuration file."""
    loaded = config.load(flags, {})
    yaml_file.write_text(yaml.safe_dump(config.describe(loaded)))
    again = config.load({"config": str(yaml_file)}, {})

    assert config.describe(again) == config.describe(loaded)


def test_workers_are_a_number_or_as_many_as_cores() -> None:
    """Within a bound; from a file as a number too."""
    assert config.load({"workers": "2"}, {}).workers == 2
    assert 1 <= config.load({"workers": "auto", "mode": "redis"}, {}).workers <= limits.MAX_WORKERS
    for value in ("0", "-1", "65", "two", "1.5", "true"):
        expected = f"--workers: expected a number from 1 to {limits.MAX_WORKERS}, or auto, got '{value}'"
        assert problems({"workers": value}, {}) == [expected]
    assert yaml.safe_load(yaml.safe_dump(config.describe(config.load({"workers": "2"}, {}))))["workers"] == 2


def test_what_workers_cannot_share_is_refused(yaml_file: Path) -> None:
    """Boards in memory, and boards of one process each behind TLS; by what is chosen in the end."""
    (memory,) = problems({"workers": "2", "mode": "memory"}, {})
    assert memory.startswith("workers: 2 processes cannot share the memory mode")
    tls: dict[str, str | None] = {"tls.cert": "c.pem", "tls.key": "k.pem", "workers": "2"}
    (sealed,) = problems(tls, {})
    assert "let a proxy speak TLS" in sealed
    assert config.load({**tls, "mode": "redis"}, {}).workers == 2
    yaml_file.write_text("workers: 4\nmode: memory\n")
    assert config.load({"config": str(yaml_file), "workers": "1"}, {}).workers == 1


@pytest.mark.parametrize(
    ("text", "size_bytes"),
    [("800MiB", 800 << 20), ("1GiB", 1 << 30), ("65536 KiB", 64 << 20), ("67108864", 64 << 20)],
)
def test_a_soft_limit_is_a_size_of_memory(text: str, size_bytes: int) -> None:
    """In bytes or binary units; it is shown as it can be given again."""
    limit = config.load({"memory.soft_limit": text}, {}).memory.soft_limit
    assert limit == MemoryLimit(size_bytes)
    assert config.load({"memory.soft_limit": str(limit)}, {}).memory.soft_limit == limit


def test_a_soft_limit_is_the_containers_unless_it_is_said(yaml_file: Path) -> None:
    """`none` switches it off, also as YAML's own word for nothing."""
    assert config.load({}, {}).memory.soft_limit.is_auto
    assert config.load({"memory.soft_limit": "none"}, {}).memory.soft_limit == MemoryLimit()
    yaml_file.write_text("memory: {soft_limit: 104857600}")
    loaded = config.load({"config": str(yaml_file)}, {})
    assert loaded.memory.soft_limit == MemoryLimit(100 << 20)
    assert config.describe(loaded)["memory"] == {"soft_limit": "100MiB"}


@pytest.mark.parametrize("text", ["", "800MB", "much", "-1", "31MiB", "1.5GiB", "0"])
def test_a_soft_limit_that_is_none_is_complained_about(text: str) -> None:
    """With what was expected, and what was given."""
    (said,) = problems({"memory.soft_limit": text}, {})
    assert said == (
        "--memory-soft-limit: expected a size such as 800MiB or 1GiB, or bytes, of 32MiB at least, or auto or none, "
        f"got '{text}'"
    )
