"""What people were called last: of the usernames of each person, the one that an event showed first most recently."""

from collections.abc import Collection

from daybook.people.identities import called_prefix, called_row, renamed_row
from daybook.people.lookup import IdentityReader
from daybook.tenant import EnvironmentKey


def latest_names(reader: IdentityReader, environment: EnvironmentKey, guids: Collection[str]) -> dict[str, str]:
    """By GUID. Who has no username, or is forgotten, is not in it.

    One read for each 50 people, and a query for each who had several names.
    """
    first = {called_row(guid): guid for guid in guids}
    renamed = {renamed_row(guid): guid for guid in guids}
    rows = reader.read(environment, [*first, *renamed])
    names = {guid: rows[key]["username"] for key, guid in first.items() if key in rows}
    several = [guid for key, guid in renamed.items() if key in rows]
    for guid, found in zip(several, reader.query(environment, list(map(called_prefix, several))), strict=True):
        if found:
            latest = max(found, key=lambda row: (row["from"], row["turn"]))
            names[guid] = latest["username"]
    return names
