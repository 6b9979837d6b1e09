"""The formats of records in a customer's stream. Each module is one format: a pure function of the native event.

An event gives the same bytes each time it is delivered, except for people who were forgotten in between.
"""

from collections.abc import Callable, Mapping
from typing import Any

from daybook.catalogue.aliases import Aliases
from daybook.delivery.formats import cloudevents, native, ocsf, symbee

Write = Callable[[Mapping[str, Any], str | None, Aliases], bytes]
"""Makes the record's data from a native event, its actor's alias as in `catalogue.views.Shown`, and its tenant's
aliases.
"""

FORMATS: Mapping[str, Write] = {
    "symbee": symbee.write,
    "native": native.write,
    "ocsf": ocsf.write,
    "cloudevents": cloudevents.write,
}
