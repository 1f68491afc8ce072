"""The proxies with the configuration that ships, in front of one web server on this machine."""

import contextlib
import os
import re
import signal
import socket
import ssl
import subprocess
from pathlib import Path

from deploy.names import DEPLOY
from lms import monitoring
from lms.embedded import end_with_parent, free_ports
from tests.faults import end


def binary(name: str) -> str:
    """Raises RuntimeError, OSError or subprocess.TimeoutExpired where it can't be had."""
    if monitoring.find(name) is None:
        monitoring.fetch({name: (name,)})
    return str(monitoring.find(name))


def started(stack: contextlib.ExitStack, command: list[str], environment: dict[str, str]) -> subprocess.Popen[bytes]:
    process = subprocess.Popen(
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        preexec_fn=end_with_parent,
    )
    stack.callback(end, process, signal.SIGTERM)
    return process


def shaken_hands(port: int, *, trusting: bool) -> None:
    """A TLS handshake; one that doesn't trust the certificate ends it with an alert."""
    context = ssl.create_default_context()
    if trusting:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with socket.create_connection(("127.0.0.1", port), timeout=10) as plain:
        context.wrap_socket(plain, server_hostname="localhost").close()


def answers(port: int) -> bool:
    try:
        shaken_hands(port, trusting=True)
    except OSError:
        return False
    return True


def nginx(stack: contextlib.ExitStack, directory: Path, upstream: int) -> int:
    """Its port for HTTPS. It writes lms-access.json and lms-error.log into `directory`."""
    tls, plain = free_ports(2)
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=localhost"),
            *("-keyout", str(directory / "privkey.pem"), "-out", str(directory / "fullchain.pem")),
        ],
        check=True,
        capture_output=True,
    )
    for file in (DEPLOY / "nginx").glob("*.conf"):
        text = file.read_text()
        for shipped in ("/etc/nginx/lms/", "/etc/ssl/lms/", "/var/log/nginx/"):
            text = text.replace(shipped, f"{directory}/")
        text = text.replace("listen 80;", f"listen 127.0.0.1:{plain};").replace("443 ssl", f"127.0.0.1:{tls} ssl")
        (directory / file.name).write_text(re.sub(r"127\.0\.0\.1:800\d", f"127.0.0.1:{upstream}", text))
    temporary = "".join(f"{kind}_temp_path {directory}/{kind};" for kind in ("proxy", "fastcgi", "uwsgi", "scgi"))
    user = "user root;" if os.geteuid() == 0 else ""
    (directory / "nginx.conf").write_text(
        f"daemon off;{user}pid {directory}/pid;events {{}}http {{{temporary}client_body_temp_path {directory}/body;"
        f"include {directory}/lms.conf;}}"
    )
    started(stack, [binary("nginx"), "-e", "stderr", "-p", str(directory), "-c", str(directory / "nginx.conf")], {})
    return tls


def caddy(stack: contextlib.ExitStack, directory: Path, upstream: int) -> int:
    """Its port for HTTPS. It writes access.json and errors.json into `directory`."""
    tls, plain = free_ports(2)
    text = (DEPLOY / "caddy" / "Caddyfile").read_text()
    assert text.count("\tadmin off\n") == 1
    own = f"\tadmin off\n\tskip_install_trust\n\thttp_port {plain}\n\thttps_port {tls}\n\tdefault_bind 127.0.0.1\n"
    (directory / "Caddyfile").write_text(text.replace("\tadmin off\n", own))
    environment = {
        "HOME": str(directory),
        "LMS_SITE": "localhost",
        "LMS_UPSTREAMS": f"127.0.0.1:{upstream}",
        "LMS_PROXY_LOG": str(directory / "access.json"),
        "LMS_PROXY_ERROR_LOG": str(directory / "errors.json"),
    }
    command = [binary("caddy"), "run", "--adapter", "caddyfile", "--config", str(directory / "Caddyfile")]
    started(stack, command, environment)
    return tls
