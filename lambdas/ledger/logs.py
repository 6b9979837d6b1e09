"""The logs of a tenant as tlog-tiles serves them (https://c2sp.org/tlog-tiles): checkpoint, tiles, bundles of entries.

Nothing beyond the newest checkpoint is served: nobody has signed it yet.
"""

from collections.abc import Callable

from daybook.http.encodings import GZIP, best_coding, gzipped
from daybook.http.problem import not_found
from daybook.http.request import BINARY, Answer, Request
from daybook.ledger.entries import encode
from daybook.ledger.logs import Log
from daybook.ledger.signing import PublishedKeys, key_lines
from daybook.ledger.tiles import ENTRIES, Place, Tile, parse_path, width_in
from daybook.search.parameters import given_once
from daybook.tenant import TenantCode
from daybook.tenants.reader import SettingsReader
from ledger.access import LogStores, environment_of, log_named, readable, tree_of
from ledger.answers import LogDescription, LogList

TEXT = "text/plain; charset=utf-8"

# A tile never changes. `private`: what a caller may read is no shared cache's to hand on.
_FOR_EVER = {"Cache-Control": "private, max-age=31536000, immutable"}

_LENGTH_BYTES = 2


class LogReads:
    def __init__(
        self, *, control: SettingsReader, stores_of: Callable[[TenantCode], LogStores], keys: PublishedKeys
    ) -> None:
        self._control = control
        self._stores_of = stores_of
        self._keys = keys

    def list_logs(self, request: Request) -> Answer:
        given_once(request.query)
        settings = self._control.settings(request.tenant)
        stores, keys = self._stores_of(settings.code), self._keys.published()
        logs = readable(stores.logs.of(settings.code), settings, request.caller)

        def described(log: Log) -> LogDescription:
            newest = stores.checkpoints.newest(log)
            return LogDescription(
                name=log.name,
                origin=log.origin,
                environment=environment_of(settings, log),
                visibility=log.key.visibility,
                size=newest.size if newest else 0,
                key=key_lines(log, keys),
                previous=log.previous,
            )

        return Answer(200, LogList([*map(described, logs)]))

    def read_checkpoint(self, request: Request) -> Answer:
        stores, log = self._log(request)
        newest = stores.checkpoints.newest(log)
        if newest is None:
            raise not_found("checkpoint")
        return Answer(200, newest.note.encode(), media_type=TEXT)

    def read_tile(self, request: Request) -> Answer:
        tile = parse_path(request.parameters["tile"])
        stores, log = self._log(request)
        newest = stores.checkpoints.newest(log)
        if tile is None or newest is None or width_in(tile, newest.size) < tile.width:
            raise not_found("tile")
        if tile.level == ENTRIES:
            return _bundle(stores, log, tile, request)
        hashes = tree_of(stores, log).hashes(Place(tile.level, tile.first, tile.width))
        return Answer(200, b"".join(hashes), _FOR_EVER, BINARY)

    def _log(self, request: Request) -> tuple[LogStores, Log]:
        given_once(request.query)
        settings = self._control.settings(request.tenant)
        stores = self._stores_of(settings.code)
        logs = stores.logs.of(settings.code)
        return stores, log_named(request.parameters["log"], logs, settings, request.caller)


def _bundle(stores: LogStores, log: Log, tile: Tile, request: Request) -> Answer:
    """Each entry behind its length. Compressed where the caller can read it: ids take up half of an entry."""
    entries = [encode(entry) for _, entry in stores.appends.read(log, tile.first, tile.first + tile.width)]
    data = b"".join(len(entry).to_bytes(_LENGTH_BYTES, "big") + entry for entry in entries)
    headers = {**_FOR_EVER, "Vary": "Accept-Encoding"}
    if best_coding(request.headers.get("accept-encoding", ""), (GZIP,)):
        data, headers = gzipped(data), {**headers, "Content-Encoding": GZIP}
    return Answer(200, data, headers, BINARY)
