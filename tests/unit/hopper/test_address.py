import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatcher.errors import ConfigurationError
from dispatcher.hopper.address import Several, several


def taken_apart(url: str) -> Several:
    found = several(url)
    assert found is not None
    return found


@pytest.mark.parametrize("url", ["redis://a:1/0", "rediss://:x@a", "unix:///run/redis.sock"])
def test_one_server_is_left_as_it_is(url: str) -> None:
    assert several(url) is None


def test_a_sentinel_address_names_sentinels_service_and_database() -> None:
    found = taken_apart("redis+sentinel://user:p%40ss@one,two:26380,[::1]:1/my%20hopper/3")
    assert found.members == (("one", 26379), ("two", 26380), ("::1", 1))
    assert found.service == "my hopper"
    assert found.server(("10.0.0.1", 6379)) == "redis://user:p%40ss@10.0.0.1:6379/3"
    assert found.server(("fe80::1", 6379)) == "redis://user:p%40ss@[fe80::1]:6379/3"


def test_each_password_goes_where_it_belongs_and_nowhere_else() -> None:
    found = taken_apart(
        "rediss+sentinel://:server@a/m?sentinel_password=s%2Fn&sentinel_username=u&ssl_ca_certs=/ca&client_name=x"
    )
    assert found.server(("b", 1)) == "rediss://:server@b:1/?ssl_ca_certs=%2Fca&client_name=x"
    assert found.member(("a", 26379)) == "rediss://u:s%2Fn@a:26379/?ssl_ca_certs=%2Fca"


def test_sentinels_without_a_password_are_told_none() -> None:
    assert taken_apart("redis+sentinel://:server@a/m/1").member(("a", 1)) == "redis://a:1/"


def test_a_cluster_s_nodes_are_asked_as_its_servers_are() -> None:
    found = taken_apart("redis+cluster://:secret@a,b:7000/0")
    assert found.members == (("a", 6379), ("b", 7000))
    assert found.member(("b", 7000)) == found.server(("b", 7000)) == "redis://:secret@b:7000/"


@pytest.mark.parametrize(
    "url",
    [
        "redis+sentinel://hunter2@a",
        "redis+sentinel://:hunter2@a/",
        "redis+sentinel://:hunter2@a,,b/m",
        "redis+sentinel://:hunter2@a:x/m",
        "redis+sentinel://:hunter2@",
        "redis+cluster://:hunter2@a/1",
        "redis+proxy://:hunter2@a",
    ],
)
def test_what_is_not_understood_is_refused_without_a_word_of_its_password(url: str) -> None:
    with pytest.raises(ConfigurationError, match="write redis") as raised:
        several(url)
    assert "hunter2" not in str(raised.value)


@given(password=st.text(min_size=1).filter(str.isprintable))
def test_a_sentinel_s_password_survives_the_way_through_a_url(password: str) -> None:
    from urllib.parse import quote, unquote, urlsplit  # noqa: PLC0415

    found = taken_apart(f"redis+sentinel://a/m?sentinel_password={quote(password, safe='')}")
    assert unquote(urlsplit(found.member(("a", 1))).password or "") == password
