"""The rows of an exported file, rendered anew from an event's canonical bytes and the keys that open it.

Written from Daybook's documents alone: the stored format, the formats of files, and the guide to exports.
"""

from daybook_verify.rows.canonical import content_of
from daybook_verify.rows.lines import Renderer, rendered

__all__ = ["Renderer", "content_of", "rendered"]
