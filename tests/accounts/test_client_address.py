"""Where a request comes from."""

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.test import RequestFactory, override_settings

from accounts.client_address import UNKNOWN, client_address, network_key, parse_networks, resolve

ONE_PROXY = ["10.0.0.0/8"]
TWO_PROXIES = ["10.0.0.0/8", "198.51.100.7/32"]
V6_PROXY = ["2001:db8:ffff::/48"]


@pytest.mark.parametrize(
    ("trusted", "peer", "header", "expected"),
    [
        pytest.param([], "203.0.113.5", "", "203.0.113.5", id="direct"),
        pytest.param([], "203.0.113.5", "192.0.2.9", "203.0.113.5", id="direct, spoofed"),
        pytest.param(ONE_PROXY, "203.0.113.5", "192.0.2.9", "203.0.113.5", id="peer outside the proxies, spoofed"),
        pytest.param(ONE_PROXY, "10.0.0.1", "192.0.2.9", "192.0.2.9", id="one proxy"),
        pytest.param(ONE_PROXY, "10.0.0.1", "6.6.6.6, 192.0.2.9", "192.0.2.9", id="one proxy, spoofed"),
        pytest.param(ONE_PROXY, "10.0.0.1", "10.9.9.9, 192.0.2.9", "192.0.2.9", id="spoofed with a trusted address"),
        pytest.param(TWO_PROXIES, "10.0.0.1", "192.0.2.9, 198.51.100.7", "192.0.2.9", id="two proxies"),
        pytest.param(TWO_PROXIES, "10.0.0.1", "6.6.6.6, 192.0.2.9, 198.51.100.7", "192.0.2.9", id="two, spoofed"),
        pytest.param(ONE_PROXY, "10.0.0.1", "", "10.0.0.1", id="empty header"),
        pytest.param(ONE_PROXY, "10.0.0.1", " , ,, ", "10.0.0.1", id="only commas"),
        pytest.param(ONE_PROXY, "10.0.0.1", "unknown", "10.0.0.1", id="garbage"),
        pytest.param(ONE_PROXY, "10.0.0.1", "192.0.2.9, <script>", "192.0.2.9", id="garbage after an address"),
        pytest.param(ONE_PROXY, "10.0.0.1", "999.1.1.1, 192.0.2.9, 1.2.3", "192.0.2.9", id="almost addresses"),
        pytest.param(ONE_PROXY, "10.0.0.1", "10.1.1.1, 10.2.2.2", "10.1.1.1", id="every hop is trusted"),
        pytest.param(ONE_PROXY, "10.0.0.1", ", ".join(["6.6.6.6"] * 999 + ["192.0.2.9"]), "192.0.2.9", id="1,000"),
        pytest.param(ONE_PROXY, "10.0.0.1", ", ".join(["x"] * 1000), "10.0.0.1", id="1,000 of garbage"),
        pytest.param(ONE_PROXY, "10.0.0.1", "9" * 100_000, "10.0.0.1", id="one endless entry"),
        pytest.param(ONE_PROXY, "10.0.0.1", "192.0.2.9:4711", "192.0.2.9", id="IPv4 with port"),
        pytest.param(ONE_PROXY, "10.0.0.1", "[2001:db8::1]:4711", "2001:db8::1", id="IPv6 with port"),
        pytest.param(ONE_PROXY, "10.0.0.1", '"[2001:db8::1]"', "2001:db8::1", id="quoted, in brackets"),
        pytest.param(ONE_PROXY, "10.0.0.1", "[2001:db8::1", "2001:db8::1", id="bracket never closed"),
        pytest.param(ONE_PROXY, "10.0.0.1", "fe80::1%eth0", "fe80::1", id="zone"),
        pytest.param(ONE_PROXY, "10.0.0.1", "::ffff:192.0.2.9", "192.0.2.9", id="mapped client"),
        pytest.param(ONE_PROXY, "::ffff:10.0.0.1", "192.0.2.9", "192.0.2.9", id="mapped proxy"),
        pytest.param(["::ffff:10.0.0.0/104"], "10.0.0.1", "192.0.2.9", "192.0.2.9", id="mapped network"),
        pytest.param([], "::ffff:203.0.113.5", "", "203.0.113.5", id="mapped peer"),
        pytest.param(V6_PROXY, "2001:db8:ffff::2", "2001:db8:1::9", "2001:db8:1::9", id="IPv6 proxy"),
        pytest.param(["0.0.0.0/0"], "10.0.0.1", "2001:db8:1::9", "2001:db8:1::9", id="other family"),
        pytest.param([], "", "192.0.2.9", "127.0.0.1", id="Unix socket, nobody trusted"),
        pytest.param(["127.0.0.0/8"], "", "192.0.2.9", "192.0.2.9", id="Unix socket behind a local proxy"),
        pytest.param(["0.0.0.0/0"], "not an address", "192.0.2.9", UNKNOWN, id="unreadable peer"),
        pytest.param(["not a network", "10.0.0.0/8"], "10.0.0.1", "192.0.2.9", "192.0.2.9", id="bad entry left out"),
    ],
)
def test_the_client_is_the_right_most_untrusted_valid_entry(trusted, peer, header, expected):
    assert resolve(peer, header, parse_networks(trusted)) == expected


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("192.0.2.9", "192.0.2.9"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::ffff", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::1", "2001:db8:1:3::/64"),
        ("::ffff:192.0.2.9", "192.0.2.9"),
        ("", UNKNOWN),
        ("nonsense", UNKNOWN),
    ],
)
def test_limits_count_ipv6_by_its_64_bit_network(address, expected):
    assert network_key(address) == expected


@override_settings(TRUSTED_PROXIES=["10.0.0.0/8"])
def test_the_request_is_read_with_the_configured_proxies():
    factory = RequestFactory()
    behind = factory.get("/", REMOTE_ADDR="10.0.0.1", HTTP_X_FORWARDED_FOR="192.0.2.9")
    direct = factory.get("/", REMOTE_ADDR="203.0.113.5", HTTP_X_FORWARDED_FOR="192.0.2.9")
    assert (client_address(behind), client_address(direct)) == ("192.0.2.9", "203.0.113.5")


def test_nothing_else_reads_the_header():
    """`observability` may refuse a scrape that came through a proxy, by the header's presence alone."""
    root = Path(settings.BASE_DIR)
    apps = ("core", "outbox", "accounts", "courses", "quizzes", "certificates", "analytics", "pages", "lms")
    found = [
        str(path.relative_to(root))
        for app in apps
        for path in (root / app).rglob("*.py")
        if re.search(r"x.forwarded.for|remote_addr", path.read_text(), re.IGNORECASE)
    ]
    assert found == ["accounts/client_address.py"]


def test_a_request_without_any_address_has_one():
    request = RequestFactory().get("/")
    del request.META["REMOTE_ADDR"]
    assert client_address(request) == "127.0.0.1"
