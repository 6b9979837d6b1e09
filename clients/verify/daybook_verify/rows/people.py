"""An event's people, and the texts in which tokens stand for them."""

import re
from collections.abc import Mapping
from typing import Any

from daybook_verify.errors import NotGenuine
from daybook_verify.rows.sealed import Slot, opened

USERNAME, NAME, EMAIL, CLIENT_ID, IP, USER_AGENT = range(6)
"""The first slots."""

_TOKEN = re.compile(r"~(?:~|([0-9]{1,6})\.([0-9]{1,6});)")
_WHOLE = re.compile(r"~([0-9]{1,6})\.([0-9]{1,6});")
_MAX_DEPTH = 8
_MAX_CHARACTERS = 16_000_000
"""A crafted event could stand for more text than fits into memory."""


class People:
    """The cast of one event, opened with the keys that were given. Who has no key is closed."""

    def __init__(
        self, content: Mapping[str, Any], keys: Mapping[str, bytes], *, all_keys_are_given: bool = True
    ) -> None:
        """`keys` are the event's keys by GUID. Where all are given, whoever has none is forgotten."""
        self._guids: list[str] = []
        self._slots: list[list[Slot] | None] = []
        self.closed: list[str] = []
        """GUIDs of those whose fields are sealed, without a key that opens them."""
        self._all_keys_are_given = all_keys_are_given
        self._characters = 0
        place = content["tenant"], content["environment"], content["id"]
        for person in content.get("people", ()):
            guid, sealed = person["id"], person.get("sealed")
            key = keys.get(guid)
            self._guids.append(guid)
            if sealed is not None and key is None:
                self.closed.append(guid)
            self._slots.append(None if key is None or sealed is None else opened(sealed, key, (*place, guid)))
        if len(set(self._guids)) != len(self._guids):
            raise NotGenuine("a person is twice in the cast")
        if not keys.keys() <= {*self._guids}:
            raise NotGenuine("there is a key of somebody who is not in the cast")

    def is_forgotten(self, guid: str) -> bool | None:
        """None where it can't be told."""
        if self._of(guid) is not None:
            return False
        return True if self._all_keys_are_given or guid not in self.closed else None

    def field(self, guid: str, slot: int) -> str | None:
        """The text of a person's slot. None where it is absent or the person is closed."""
        slots = self._of(guid)
        value = slots[slot] if slots is not None and slot < len(slots) else None
        if value is not None and not isinstance(value, str):
            raise NotGenuine("a person's field is no text")
        return None if value is None else str(self._read(value, 0))

    def text(self, value: str) -> str:
        """A text in which tokens stand for people, as it was sent."""
        return str(self._read(value, 0))

    def value(self, value: str | int) -> str | int:
        """As `text`. A text that is one token stands for the slot's value, which may be a number."""
        return self._read(value, 0) if isinstance(value, str) else value

    def _of(self, guid: str) -> list[Slot] | None:
        if guid not in self._guids:
            raise NotGenuine("somebody is not in the cast")
        return self._slots[self._guids.index(guid)]

    def _read(self, text: str, depth: int) -> str | int:
        if "~" not in text:
            return text
        if depth > _MAX_DEPTH:
            raise NotGenuine("tokens stand within tokens without end")
        if whole := _WHOLE.fullmatch(text):
            return self._token(whole, depth)
        if _TOKEN.sub("", text).count("~"):
            raise NotGenuine("a token is misspelt")
        return _TOKEN.sub(lambda found: "~" if found[1] is None else str(self._token(found, depth)), text)

    def _token(self, found: re.Match[str], depth: int) -> str | int:
        person, slot = int(found[1]), int(found[2])
        if person >= len(self._guids):
            raise NotGenuine("a token is of somebody who is not in the cast")
        slots = self._slots[person]
        value = self._guids[person] if slots is None else slots[slot] if slot < len(slots) else None
        if value is None:
            raise NotGenuine("a token is of an absent slot")
        shown = self._read(value, depth + 1) if slots is not None and isinstance(value, str) else value
        self._characters += len(str(shown))
        if self._characters > _MAX_CHARACTERS:
            raise NotGenuine("tokens stand for too much text")
        return shown
