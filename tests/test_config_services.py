"""Settings of what servers may use besides themselves: Redis, PostgreSQL, Consul, a bucket."""

from pathlib import Path

import pytest
from complaints import problems

from whiteboard import config
from whiteboard.config import Secret, TcpAddress
from whiteboard.config.values import S3AccessKey, S3Bucket, S3Endpoint, S3Prefix, S3Region

TOKEN = "0123456789abcdef"


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("localhost:6379", "redis://localhost:6379/0"),
        ("10.0.0.1", "redis://10.0.0.1/0"),
        ("[::1]:6380", "redis://[::1]:6380/0"),
        ("a:1,b:2,[::1]:3", "redis://a:1,b:2,[::1]:3/0"),
        ("rediss://a:1,b:2", "rediss://a:1,b:2"),
        ("redis://a.example:1/7", "redis://a.example:1/7"),
        ("rediss://a.example", "rediss://a.example"),
        ("unix:/run/redis.sock", "unix:///run/redis.sock"),
    ],
)
def test_redis_addresses(text: str, url: str) -> None:
    """The address of a Redis server is HOST:PORT, a URL or unix:/path. [R30]"""
    assert config.load({}, {"WHITEBOARD_REDIS_ADDR": text}).redis.addr == url


@pytest.mark.parametrize(
    "text",
    [
        "a b:1",
        "http://a:1",
        "redis://u:secret@a:1/0",
        "redis://a:1/0?x=1",
        "unix:run",
        "a:1/0/1",
        "::1",
        "a:1,",
        "a:1, b:2",
    ],
)
def test_bad_redis_addresses(text: str) -> None:
    """What is none is refused, and a password in it is not repeated."""
    (told,) = problems({}, {"WHITEBOARD_REDIS_ADDR": text})
    assert told.startswith("WHITEBOARD_REDIS_ADDR: expected ")
    assert "secret" not in told


REDIS = {"WHITEBOARD_MODE": "redis"}


@pytest.mark.parametrize(
    ("dsn", "shown"),
    [
        ("postgresql://ada@db.example:5432/boards", "postgresql://ada@db.example:5432/boards"),
        ("postgres://ada:s%40cret@db/boards", "postgres://ada:********@db/boards"),
        ("postgresql:///boards?host=/run/postgresql", "postgresql:///boards?host=/run/postgresql"),
        (
            "postgresql://a:b:c@[::1]/x?sslmode=verify-full",
            "postgresql://a:********@[::1]/x?sslmode=verify-full",
        ),
    ],
)
def test_a_dsn_shows_no_password(dsn: str, shown: str) -> None:
    """A flag or a variable gives it; whatever shows it masks the password."""
    loaded = config.load({"postgres.dsn": dsn}, REDIS)
    assert loaded.postgres.dsn is not None
    assert loaded.postgres.dsn.reveal() == dsn
    assert config.describe(loaded)["postgres"]["dsn"] == shown
    assert dsn.count("@") == repr(loaded).count("@") or shown in repr(loaded)
    assert "s%40cret" not in repr(loaded)


@pytest.mark.parametrize(
    "dsn",
    [
        "host=db password=topsecret",
        "mysql://ada:topsecret@db/x",
        "postgresql://ada@db:port/x?topsecret",
        "postgresql://db/x?password=topsecret",
        "postgresql://db/x?sslpassword=topsecret",
        "postgresql://[::1/x?topsecret",
        "topsecret",
    ],
)
def test_a_complaint_about_a_dsn_does_not_repeat_it(dsn: str) -> None:
    """There may be a password in it."""
    (problem,) = problems({}, {**REDIS, "WHITEBOARD_POSTGRES_DSN": dsn})
    assert problem.startswith("WHITEBOARD_POSTGRES_DSN: expected")
    assert "topsecret" not in problem


def test_a_dsn_is_for_servers_that_share_boards() -> None:
    """Other modes keep their metadata beside their boards; a password needs a DSN, and one place."""
    dsn = "postgresql://ada@db/boards"
    for mode in ("memory", "sqlite"):
        (problem,) = problems({"postgres.dsn": dsn, "mode": mode}, {})
        assert problem.startswith(f"postgres.dsn: given in the {mode} mode, which keeps its metadata beside")
    assert len(problems({"postgres.dsn": dsn}, {})) == 1
    password = {**REDIS, "WHITEBOARD_POSTGRES_PASSWORD": TOKEN}
    assert problems({}, password) == ["postgres.dsn: missing, but postgres.password is given"]
    assert config.load({"postgres.dsn": dsn}, password).postgres.password == Secret(TOKEN)
    (problem,) = problems({"postgres.dsn": "postgresql://ada:x@db/boards"}, password)
    assert problem.endswith("together with a password in postgres.dsn; choose one")


def test_a_redis_prefix_is_a_name() -> None:
    """It begins the name of every key: no blanks, no braces, which Redis Cluster would read."""
    assert config.load({}, {"WHITEBOARD_REDIS_PREFIX": "team-1"}).redis.prefix == "team-1"
    for text in ("a b", "{x}", "x" * 65):
        assert problems({}, {"WHITEBOARD_REDIS_PREFIX": text})[0].startswith(
            "WHITEBOARD_REDIS_PREFIX: expected "
        )


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("localhost:8500", "http://localhost:8500"),
        ("10.0.0.1", "http://10.0.0.1:8500"),
        ("[::1]:8600", "http://[::1]:8600"),
        ("https://consul.example", "https://consul.example:443"),
        ("http://a.example:1/", "http://a.example:1"),
        ("unix:/run/consul.sock", "unix:///run/consul.sock"),
        ("unix:///run/consul.sock", "unix:///run/consul.sock"),
    ],
)
def test_consul_addresses(text: str, url: str) -> None:
    """The address of an agent is HOST:PORT, with its own port if none is given, a URL or unix:/path. [CLU-1]"""
    assert config.load({}, {"WHITEBOARD_CONSUL_ADDR": text}).consul.addr == url


@pytest.mark.parametrize(
    "text", ["a b:1", "ftp://a", "http://t:secret@a:1", "http://a/v1", "unix:run", "unix:", "::1", "a%20:1"]
)
def test_bad_consul_addresses(text: str) -> None:
    """What is none is refused, and a token in it is not repeated."""
    (told,) = problems({}, {"WHITEBOARD_CONSUL_ADDR": text})
    assert told.startswith("WHITEBOARD_CONSUL_ADDR: expected ")
    assert "secret" not in told


def test_what_stands_on_a_list_of_servers() -> None:
    """Names, tags and an address that others can use; each is refused where it could mislead. [CLU-1]"""
    given_settings = config.load(
        {"instance": "box-1:8080", "consul.advertise": "[fd00::1]:80", "consul.tags": "urlprefix-/wb,a=b"}, {}
    )
    assert given_settings.instance == "box-1:8080"
    assert given_settings.consul.advertise == TcpAddress("fd00::1", 80)
    assert given_settings.consul.tags == ("urlprefix-/wb", "a=b")
    assert config.describe(given_settings)["consul"]["advertise"] == "[fd00::1]:80"
    for key, texts in {
        "instance": ("", "..", "a b", "a/b", "x" * 129, "ä"),
        "consul.advertise": (":80", "a:0", "0.0.0.0:80", "[::]:80", "unix:/x", "a"),
        "consul.service": ("a_b", "-a", "a.b", "x" * 64),
        "consul.tags": ("a b", "x" * 256),
    }.items():
        for text in texts:
            (told,) = problems({key: text}, {})
            assert ": expected " in told


def test_a_unix_socket_does_not_say_where_others_reach_it() -> None:
    """So with Consul the address of the proxy in front has to be given. [CLU-1]"""
    unix: dict[str, str | None] = {"addr": "unix:/run/wb.sock", "consul.addr": "localhost:8500"}
    (told,) = problems(unix, {})
    assert told.startswith("consul.advertise: missing")
    assert config.load({**unix, "consul.advertise": "10.0.0.1:80"}, {}).consul.addr is not None


def test_a_bucket_and_how_to_reach_it(tmp_path: Path) -> None:
    """Everything by variables or a file, the secret key by a file of its own, which is not shown. [R32]"""
    secret = tmp_path / "key"
    secret.write_text("wJalrXUtnFEMI/K7MDENG\n")
    loaded = config.load(
        {"s3.bucket": "boards", "s3.endpoint": "http://minio:9000/", "s3.prefix": "/team/a/"},
        {
            "WHITEBOARD_S3_REGION": "eu-central-1",
            "WHITEBOARD_S3_ACCESS_KEY": "AKIA0",
            "WHITEBOARD_S3_SECRET_KEY_FILE": str(secret),
        },
    )
    assert loaded.s3 == config.S3Settings(
        bucket=S3Bucket("boards"),
        endpoint=S3Endpoint("http://minio:9000"),
        region=S3Region("eu-central-1"),
        prefix=S3Prefix("team/a"),
        access_key=S3AccessKey("AKIA0"),
        secret_key=Secret("wJalrXUtnFEMI/K7MDENG"),
    )
    assert "wJalr" not in str(config.describe(loaded))
    assert config.load({}, {}).s3 == config.S3Settings()
    assert config.load({"s3.prefix": "/"}, {}).s3.prefix == ""


@pytest.mark.parametrize(
    ("key", "text"),
    [
        *(("s3.bucket", text) for text in ("ab", "a/b", "-ab", "a b", "x" * 64, "s3://boards")),
        *(
            ("s3.endpoint", text)
            for text in ("minio:9000", "s3://a", "http://u:p@a", "http://a?x", "http://a b")
        ),
        *(("s3.region", text) for text in ("eu central", "a/b", "x" * 65)),
        *(("s3.prefix", text) for text in ("a b", "a//b", "../a", "x" * 257, "~")),
        *(("s3.access_key", text) for text in ("a b", "x" * 129)),
    ],
)
def test_bad_words_about_a_bucket(key: str, text: str) -> None:
    """What no store would take is refused before anybody asks one."""
    flag = "--" + key.replace(".", "-").replace("_", "-")
    assert any(told.startswith(f"{flag}: expected ") for told in problems({key: text}, {}))


def test_both_keys_of_a_bucket_come_together() -> None:
    """Half a credential is a mistake."""
    told = ["s3.secret_key: missing, but s3.access_key is given; give both or none"]
    assert problems({"s3.access_key": "AKIA0"}, {}) == told
