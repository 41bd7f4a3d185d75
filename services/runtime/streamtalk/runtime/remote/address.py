"""Addresses of servers, and whose key goes there."""

import ipaddress
import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

import msgspec

from streamtalk.proto.errors import ConfigError
from streamtalk.runtime.api_key import ApiKey

_HOST_PORT: Final = re.compile(r"(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9.-]+):\d{1,5}")


class Address(msgspec.Struct, frozen=True):
    """A checked URL, without a slash at its end."""

    url: str
    host: str
    is_loopback: bool
    is_encrypted: bool


def parse_url(text: str, setting: str) -> Address:
    """Check an address; raises ConfigError that names the setting, never a password in it."""
    parts = urlsplit(text.strip())
    try:
        is_good = parts.scheme in {"http", "https"} and parts.port != 0
    except ValueError:
        is_good = False
    has_more = "@" in parts.netloc or parts.query or parts.fragment or re.search(r"\s", text)
    if not is_good or not parts.hostname or has_more:
        raise ConfigError(
            f"{setting} is no address of a server; write one such as https://example.org/v1, "
            "without user, password or query"
        )
    host = parts.hostname
    return Address(text.strip().rstrip("/"), host, is_loopback(host), parts.scheme == "https")


def parse_host_port(text: str, setting: str) -> str:
    """Check the address of a gRPC server; raises ConfigError that names the setting."""
    if _HOST_PORT.fullmatch(text) is None:
        raise ConfigError(f"{setting} is no host:port; write one such as 127.0.0.1:50000")
    return text


def is_loopback(host: str) -> bool:
    """Whether a host is this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def find_key(
    environment: Mapping[str, str], own: str, shared: str, address: Address
) -> ApiKey | None:
    """The key for a server: of our own variable, else the maker's.

    The maker's goes neither in the clear to another machine nor to a server it is not meant for,
    which is for the caller to know.
    """
    key = environment.get(own, "").strip()
    if not key and (address.is_encrypted or address.is_loopback):
        key = environment.get(shared, "").strip()
    return ApiKey(key) if key else None
