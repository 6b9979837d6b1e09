"""What a record in a customer's stream says: one module for each format, pure functions of the native event.

The same event makes the same bytes, each time it is delivered, but for what has been forgotten in between.
"""

from collections.abc import Callable, Mapping
from typing import Any

from daybook.catalogue.aliases import Aliases
from daybook.delivery.formats import cloudevents, native, ocsf, symbee

Write = Callable[[Mapping[str, Any], Aliases], bytes]
"""From a native event and its tenant's aliases to the record's data."""

FORMATS: Mapping[str, Write] = {
    "symbee": symbee.write,
    "native": native.write,
    "ocsf": ocsf.write,
    "cloudevents": cloudevents.write,
}
