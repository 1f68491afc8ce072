"""The admin is there for the named networks alone; a made-up header lets nobody in."""

import pytest

from accounts.admin_network import is_allowed

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("networks", "address", "header", "status"),
    [
        ([], "203.0.113.9", "", 200),
        (["192.0.2.0/24"], "192.0.2.9", "", 200),
        (["192.0.2.0/24"], "203.0.113.9", "", 404),
        (["192.0.2.0/24"], "203.0.113.9", "192.0.2.9", 404),
        (["2001:db8::/32"], "2001:db8::1", "", 200),
        (["no network"], "192.0.2.9", "", 404),
    ],
)
def test_who_reaches_the_admin(client, settings, networks, address, header, status):
    settings.ADMIN_NETWORKS = networks
    headers = {"X-Forwarded-For": header} if header else {}
    assert client.get("/admin/login/", REMOTE_ADDR=address, headers=headers).status_code == status
    assert client.get("/api/v1/auth/app/v1/config", REMOTE_ADDR=address).status_code == 200


def test_the_address_behind_a_trusted_proxy_decides(client, settings):
    settings.TRUSTED_PROXIES = ["10.0.0.0/8"]
    settings.ADMIN_NETWORKS = ["192.0.2.0/24"]
    for client_address, status in (("192.0.2.9", 200), ("203.0.113.9", 404)):
        headers = {"X-Forwarded-For": client_address}
        assert client.get("/admin/login/", REMOTE_ADDR="10.0.0.1", headers=headers).status_code == status


def test_mapped_addresses_are_what_they_map_to():
    assert is_allowed("::ffff:192.0.2.9", ("192.0.2.0/24",))
    assert not is_allowed("garbage", ("0.0.0.0/0",))
