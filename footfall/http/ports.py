"""Checks the machine before a server starts: a free address, enough file descriptors."""

from __future__ import annotations

import errno
import resource
import socket
from collections.abc import Iterable, Mapping
from ipaddress import ip_address

import click

from footfall.settings import DEMO_KEYS, SettingsError, variable_of


def port_is_free(port: int, host: str = "127.0.0.1") -> bool:
    """Return whether one could listen there."""
    try:
        _listen(host, port)
    except OSError:
        return False
    return True


def check_port(host: str, port: int, server: str) -> str:
    """The IP address of ``host``, which the servers want: a name is looked up (IPv4).

    Raises click.ClickException, with what to do, where a server can't listen: otherwise the server's processes would
    die of it one after the other. ``server``: its name in the settings, FOOTFALL_<server>_PORT.
    """
    try:
        address = _address(host)
    except OSError:
        raise click.ClickException(
            f"can't listen on {host!r}, neither an address nor a host name: see --host or FOOTFALL_{server}_HOST, "
            "for instance 127.0.0.1, 0.0.0.0 or :: (without brackets)"
        ) from None
    try:
        _listen(address, port)
    except OSError as error:
        advice = {
            errno.EADDRINUSE: f"something listens there already (`ss -ltnp 'sport = :{port}'` says what): "
            f"stop it, or choose another with --port or FOOTFALL_{server}_PORT",
            errno.EACCES: "ports below 1024 need privileges: choose one above, and put a proxy in front",
            errno.EADDRNOTAVAIL: f"this machine has no such address: see --host or FOOTFALL_{server}_HOST",
        }.get(error.errno or 0, str(error))
        raise click.ClickException(f"can't listen on {host}:{port}: {advice}") from None
    return address


def refuse_demo_keys(host: str, keys: Mapping[str, Iterable[str]]) -> None:
    """Raises SettingsError where ``host``, an address or a name, can be reached from other machines, and a key of the
    public repository is in use. ``keys``: those that count, by their setting.
    """
    if is_loopback(host):
        return
    if named := sorted(setting for setting, listed in keys.items() if DEMO_KEYS.intersection(listed)):
        raise SettingsError(
            f"keys from the public repository are in use, and {host} can be reached from other machines: set "
            f"{' and '.join(named)} ({', '.join(map(variable_of, named))}) to keys of your own, `openssl rand -hex 24` "
            "makes one; or listen on 127.0.0.1"
        )


def is_loopback(host: str) -> bool:
    """Return whether only this machine reaches what listens there. A name that can't be looked up is not a loopback."""
    try:
        return ip_address(_address(host)).is_loopback
    except (OSError, ValueError):
        return False


def raise_file_limit(files: int) -> None:
    """Let this process and its children open this many files, or as many as the hard limit allows. A connection is a
    file, and the usual soft limit is 1024.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = files if hard == resource.RLIM_INFINITY else min(hard, files)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _address(host: str) -> str:
    """Raises OSError. Nobody listens on nothing: the system would take that for every address of the machine."""
    if not host:
        raise OSError
    return host if ":" in host and "[" not in host else socket.gethostbyname(host)


def _listen(host: str, port: int) -> None:
    """Without SO_REUSEPORT: the servers' own sockets have it, and would share the port silently."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((host, port))
        probe.listen()  # bind alone passes beside a socket that listens with SO_REUSEADDR
