"""Values of OCSF's types for addresses, ports and e-mail addresses, from texts that a sender chose."""

import re
from typing import Any

from daybook.addresses import address_of

_OCTET = r"(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_IPV4 = re.compile(rf"{_OCTET}(?:\.{_OCTET}){{3}}")
_PORT = r":(?P<port>[0-9]{1,5})"
_WITH_PORT = (re.compile(rf"\[(?P<host>[^\[\]]+)\](?:{_PORT})?"), re.compile(rf"(?P<host>[0-9.]+){_PORT}"))
_MAX_PORT = 65_535

_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_EMAIL = re.compile(rf"(?=.{{5,254}}\Z)(?=[^@]{{1,64}}@){_ATOM}(?:\.{_ATOM})*@(?:{_LABEL}\.)+(?![0-9]){_LABEL}")


def endpoint(text: str) -> tuple[dict[str, Any] | None, str | None]:
    """An endpoint's `ip` and `port`, and the text itself where it is no address or says more than these two.

    `198.51.100.4`, `198.51.100.4:443`, `2001:db8::1`, `[2001:db8::1]` and `[2001:db8::1]:443` are addresses. A zone
    (`fe80::1%eth0`) means nothing outside its host, and `ip` leaves it out. Nothing is taken from a list of addresses:
    anybody can put anything before what the last proxy added.
    """
    if _IPV4.fullmatch(text):
        return {"ip": text}, None
    found = next((found for form in _WITH_PORT if (found := form.fullmatch(text))), None)
    host, port = (text, None) if found is None else found.group("host", "port")
    address = address_of(host)
    if address is None or int(port or 0) > _MAX_PORT:
        return None, text
    ip = str(address).partition("%")[0]
    if port is None:
        return {"ip": ip}, None if ip == text else text
    written = f"[{ip}]:{int(port)}" if address.version == 6 else f"{ip}:{int(port)}"
    return {"ip": ip, "port": int(port)}, None if written == text else text


def is_email(text: str) -> bool:
    """Whether RFC 5321 and OCSF's `email_t` both take it: an unquoted local part at a domain of two or more labels."""
    return _EMAIL.fullmatch(text) is not None
