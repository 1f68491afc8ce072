"""A port that was found free stays free until its own server comes."""

import errno
import socket

import pytest

from lms import embedded


def test_a_port_is_given_to_nobody_else_and_its_server_gets_it():
    (port,) = embedded.free_ports(1)
    with socket.socket() as stranger, pytest.raises(OSError) as refused:
        stranger.bind((embedded.HOST, port))
    assert refused.value.errno == errno.EADDRINUSE
    with socket.create_server((embedded.HOST, port)) as server:  # sets SO_REUSEADDR
        with socket.create_connection((embedded.HOST, port)), server.accept()[0]:
            pass
        with pytest.raises(OSError, match="in use"):
            socket.create_server((embedded.HOST, port))


def test_no_outgoing_connection_takes_it():
    ports = set(embedded.free_ports(200))
    assert len(ports) == 200
    with socket.create_server((embedded.HOST, 0), backlog=1024) as server:
        for _ in range(1000):
            with socket.create_connection(server.getsockname()) as client:
                assert client.getsockname()[1] not in ports


def test_the_oldest_are_given_up(monkeypatch):
    monkeypatch.setattr(embedded, "RESERVED_PORTS", 2)
    oldest, *_ = embedded.free_ports(3)
    with socket.socket() as stranger:
        stranger.bind((embedded.HOST, oldest))
