"""Addresses have several spellings: `2001:DB8:0::1` is `2001:db8::1`, and `::ffff:203.0.113.9` is `203.0.113.9`."""

from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

from daybook.text import composed

Address = IPv4Address | IPv6Address


def address_of(text: str) -> Address | None:
    """None: the text is no address."""
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address


def canonical_address(text: str) -> str:
    """The one spelling of an address. What is no address is only put into NFC. People are stored by it for ever."""
    address = address_of(text)
    return composed(text if address is None else str(address))


def network_of(text: str) -> str:
    """The part of an address that a sender can't choose: an IPv4 address, and of an IPv6 address the first 64 bits.

    The other 64 name an interface (RFC 4291, section 2.5.1). What is no address is returned as it stands.
    """
    address = address_of(text)
    if isinstance(address, IPv6Address):
        return str(IPv6Network((int(address), 64), strict=False))
    return text if address is None else str(address)
