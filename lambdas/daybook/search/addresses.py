"""Compares addresses, not spellings."""

from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_network

from daybook.addresses import address_of

Network = IPv4Network | IPv6Network

_MAX_KEPT = 1_024
_MAPPED_BITS = 96


class Addresses:
    """Addresses and CIDR blocks. Values that are neither are compared as text."""

    def __init__(self, values: Iterable[str]) -> None:
        self._texts = frozenset(values)
        self._addresses = {address for text in self._texts if (address := address_of(text)) is not None}
        self._networks = [network for text in self._texts if (network := _network(text)) is not None]
        # The same address stands in many rows of a read. It is not kept longer: it belongs to a person.
        self._parsed = lru_cache(_MAX_KEPT)(address_of)

    def __contains__(self, text: str | None) -> bool:
        if text is None or text in self._texts:
            return text is not None
        if not self._addresses and not self._networks:
            return False
        address = self._parsed(text)
        return address is not None and (
            address in self._addresses or any(address in network for network in self._networks)
        )


def _network(text: str) -> Network | None:
    if "/" not in text:
        return None
    try:
        network = ip_network(text, strict=False)
    except ValueError:
        return None
    mapped = network.network_address.ipv4_mapped if isinstance(network, IPv6Network) else None
    if mapped is None or network.prefixlen < _MAPPED_BITS:
        return network
    return IPv4Network((mapped, network.prefixlen - _MAPPED_BITS))
