import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatcher import settings
from dispatcher.errors import ConfigurationError


def fault(variable: str, value: str) -> str:
    with pytest.raises(ConfigurationError) as raised:
        settings.load(None, {variable: value})
    (only,) = raised.value.faults
    return only


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("https://callcamp.ai/api", "https://callcamp.ai/api"),
        ("https://callcamp.ai/api///", "https://callcamp.ai/api"),
        ("HTTPS://callcamp.ai/", "https://callcamp.ai"),
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000"),
        ("http://[::1]:8000/x/", "http://[::1]:8000/x"),
    ],
)
def test_the_base_url_is_kept_without_its_last_slash(written: str, expected: str) -> None:
    assert settings.load(None, {"DISPATCHER_API__BASE_URL": written}).api.base_url == expected


@pytest.mark.parametrize(
    ("written", "remedy"),
    [
        ("callcamp.ai/api", "must be an http or https URL"),
        ("ftp://callcamp.ai", "must be an http or https URL"),
        ("https://call camp.ai", "without blanks"),
        ("https://callcamp.ai/\tx", "without blanks"),
        ("https://", "must name a host"),
        ("https://:443/api", "must name a host"),
        ("https://h:0/", "a port from 1 to 65535"),
        ("https://h:65536/", "a port from 1 to 65535"),
        ("https://h:x/", "a port from 1 to 65535"),
        ("https://[::1/", "must name a host"),
        ("https://h/api?x=1", "no query and no fragment"),
        ("https://h/api?", "no query and no fragment"),
        ("https://h/api#x", "no query and no fragment"),
        ("https://user@h/api", "no user or password"),
    ],
)
def test_a_base_url_that_cannot_work_is_refused(written: str, remedy: str) -> None:
    told = fault("DISPATCHER_API__BASE_URL", written)
    assert told.startswith("api.base_url is ")
    assert remedy in told


@pytest.mark.parametrize(
    "url",
    [
        "sqlite:///dispatcher.db",
        "sqlite:////var/lib/dispatcher/dispatcher.db",
        "postgresql:///dispatcher?host=/run/postgresql",
        "postgresql://user:p%40ss@db:5432/dispatcher?sslmode=require",
        "postgresql://user@db/dispatcher",
        "postgresql://one,two/dispatcher",
    ],
)
def test_the_two_databases_are_accepted(url: str) -> None:
    assert settings.load(None, {"DISPATCHER_DATABASE__URL": url}).database.url.get_secret_value() == url


@pytest.mark.parametrize(
    ("url", "remedy"),
    [
        ("postgres://u:hunter2@db/x", "postgresql://, the full word"),
        ("postgresql+asyncpg://u:hunter2@db/x", "must not name a driver"),
        ("sqlite+aiosqlite:///hunter2.db", "must not name a driver"),
        ("mysql://u:hunter2@db/x", "must begin with sqlite:/// or postgresql://"),
        ("hunter2.db", "must begin with sqlite:/// or postgresql://"),
        ("", "must begin with sqlite:/// or postgresql://"),
        ("sqlite://", "must name a file after three slashes"),
        ("sqlite:///", "must name a file after three slashes"),
        ("sqlite:///?hunter2", "must name a file after three slashes"),
        ("sqlite:///:memory:", "must name a file after three slashes"),
        ("sqlite://hunter2.db", "must name a file after three slashes"),
        ("postgresql://u:hunter2/x@db/x", "percent-encoded"),
        ("postgresql://u:hunter2#x@db/x", "percent-encoded"),
        ("postgresql://u:hunter2@x@db/x", "percent-encoded"),
        ("postgresql://u:hunter2 x@db/x", "without blanks"),
        ("postgresql://u:hunter2@db:port/x", "host or host:port"),
        ("postgresql://u:hunter2@db:0/x", "host or host:port"),
        ("postgresql://u:hunter2@db:65536/x", "host or host:port"),
    ],
)
def test_a_database_that_cannot_work_is_refused_without_a_word_of_its_password(url: str, remedy: str) -> None:
    told = fault("DISPATCHER_DATABASE__URL", url)
    state = "set" if url else "empty"
    assert told.startswith(f"database.url is {state} (environment variable DISPATCHER_DATABASE__URL), but must ")
    assert remedy in told
    assert "hunter2" not in told


@pytest.mark.parametrize(
    "url",
    [
        "redis://127.0.0.1",
        "redis://:secret@redis:6379/15",
        "rediss://user:secret@[::1]:6380/0?ssl_cert_reqs=none",
        "unix:///run/redis/redis.sock?db=1",
        "unix://user:secret@/run/redis/redis.sock",
        "redis+sentinel://a:26379,b:26379/mymaster",
        "redis+sentinel://:secret@a,b,c/mymaster/2",
        "rediss+sentinel://user:secret@[::1]:26379,b/mymaster/0?sentinel_password=secret&ssl_cert_reqs=none",
        "redis+cluster://a:7000,b:7001",
        "rediss+cluster://user:secret@a:7000,b:7001",
        "redis+cluster://:secret@a:7000/0",
    ],
)
def test_every_kind_of_redis_is_accepted(url: str) -> None:
    assert settings.load(None, {"DISPATCHER_REDIS__URL": url}).redis.url.get_secret_value() == url


@pytest.mark.parametrize(
    ("url", "remedy"),
    [
        ("hunter2:6379", "unix://, redis+sentinel://, rediss+sentinel://, redis+cluster:// or rediss+cluster://"),
        ("http://hunter2", "must begin with redis://"),
        ("", "must begin with redis://"),
        ("redis://hunter2@redis:6379", "a colon before its password"),
        ("redis://:hunter2/@redis:6379", "percent-encoded"),
        ("redis://:hunter2@redis:6379/0#x", "percent-encoded"),
        ("redis:///0?hunter2", "must name one server"),
        ("redis://:hunter2@a,b/0", "must name one server"),
        ("redis://:hunter2@redis:99999", "must name one server"),
        ("redis://:hunter2@redis/first", "must end in the number of a database"),
        ("rediss://:hunter2@redis/0/1", "must end in the number of a database"),
        ("unix://run/hunter2.sock", "absolute path after three slashes"),
        ("unix://", "absolute path after three slashes"),
        ("redis+sentinel://:hunter2@a,b", "the service's name"),
        ("redis+sentinel://:hunter2@a,b/mymaster/x", "the service's name"),
        ("redis+sentinel://:hunter2@a,,b/mymaster", "host:port,host:port"),
        ("rediss+sentinel://:hunter2@a", "the service's name"),
        ("redis+cluster://:hunter2@a/1", "a cluster has no other"),
        ("rediss+cluster://:hunter2@a,/0", "host:port,host:port"),
    ],
)
def test_a_redis_that_cannot_work_is_refused_without_a_word_of_its_password(url: str, remedy: str) -> None:
    told = fault("DISPATCHER_REDIS__URL", url)
    state = "set" if url else "empty"
    assert told.startswith(f"redis.url is {state} (environment variable DISPATCHER_REDIS__URL), but must ")
    assert remedy in told
    assert "hunter2" not in told


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("redis://127.0.0.1:6379/0", "redis://127.0.0.1:6379/0"),
        ("redis://:pw@h:6379/0", "redis://:***@h:6379/0"),
        ("postgresql://user:pw@h/db", "postgresql://user:***@h/db"),
        ("postgresql://user@h/db", "postgresql://user@h/db"),
        (
            "postgresql://h/db?user=u&password=pw&sslmode=require",
            "postgresql://h/db?user=u&password=***&sslmode=require",
        ),
        ("unix://user:pw@/run/redis.sock", "unix://user:***@/run/redis.sock"),
        ("unix:///run/redis.sock?db=0&password=pw", "unix:///run/redis.sock?db=0&password=***"),
        (
            "redis+sentinel://u:pw@a:1,b:2/m/0?sentinel_password=pw",
            "redis+sentinel://u:***@a:1,b:2/m/0?sentinel_password=***",
        ),
        ("sqlite:////srv/a:b@c.db", "sqlite:////srv/a:b@c.db"),
        ("redis://:p/w?x#y@z@h:6379/0", "redis://:***@h:6379/0"),
        ("just-a-secret", "***"),
        ("", "***"),
    ],
)
def test_a_url_is_shown_without_its_password(url: str, expected: str) -> None:
    assert settings.redacted(url) == expected


@given(
    scheme=st.sampled_from(["redis", "rediss", "unix", "redis+sentinel", "redis+cluster", "postgresql"]),
    password=st.text(min_size=1).map(lambda text: f"<{text}>"),
)
def test_no_password_whatever_is_in_it_is_shown(scheme: str, password: str) -> None:
    assert password not in settings.redacted(f"{scheme}://user:{password}@host:1/0")
