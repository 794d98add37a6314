"""What can be set for readers, and what is refused with a sentence that names it."""

from pathlib import Path

import pytest

from server.settings import BadSetting, Settings, load


def test_what_is_set_in_the_environment_counts_and_a_flag_wins() -> None:
    environment = {"LIVEBLOG_PING": "0.5", "LIVEBLOG_READERS": "20", "LIVEBLOG_PORT": "1"}
    settings = load({"port": 2}, environment)
    assert (settings.ping, settings.readers, settings.port) == (0.5, 20, 2)


def test_another_process_is_given_the_same_settings() -> None:
    settings = Settings(ping=0.5, drain=0, readers_per_address=7, data=Path("x"), proxies="::1")
    assert load({}, settings.environment()) == settings


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("READERS", "many", "takes a number"),
        ("READERS", "-1", "takes a number"),
        ("READERS", "1e3", "takes a number"),
        ("READERS", "0", "at least 1"),
        ("READERS_PER_ADDRESS", "-1", "takes a number"),
        ("READERS_PER_ADDRESS", "²", "takes a number"),
        ("ACCEPTS", "0.5", "takes a number"),
        ("ACCEPTS", "12345678", "takes a number"),
        ("PING", "0", "takes 0.1 to 120 seconds"),
        ("PING", "nan", "takes 0.1 to 120 seconds"),
        ("PING", "inf", "takes 0.1 to 120 seconds"),
        ("STALL", "soon", "takes 0.1 to 600 seconds"),
        ("STALL", "", "takes 0.1 to 600 seconds"),
        ("DRAIN", "-1", "takes 0 to 60 seconds"),
        ("DRAIN", "61", "takes 0 to 60 seconds"),
        ("PROXIES", "caddy", "takes addresses or networks"),
        ("PROXIES", "*", "takes addresses or networks"),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(name: str, text: str, said: str) -> None:
    with pytest.raises(BadSetting, match=f"LIVEBLOG_{name} .*") as refused:
        load({}, {f"LIVEBLOG_{name}": text})
    assert said in str(refused.value)


def test_no_bound_can_be_said_where_it_makes_sense() -> None:
    settings = load(
        {}, {f"LIVEBLOG_{name}": "0" for name in ("READERS_PER_ADDRESS", "ACCEPTS", "DRAIN")}
    )
    assert (settings.readers_per_address, settings.accepts, settings.drain) == (0, 0, 0)


def test_proxies_are_addresses_and_networks() -> None:
    settings = load({}, {"LIVEBLOG_PROXIES": "10.1.2.3/8, 192.0.2.1 ,2001:db8::/32,"})
    assert settings.trusted_proxies == [
        "10.0.0.0/8",
        "192.0.2.1/32",
        "2001:db8::/32",
        *("::ffff:10.0.0.0/104", "::ffff:192.0.2.1/128"),  # as a socket for both kinds shows them
    ]
