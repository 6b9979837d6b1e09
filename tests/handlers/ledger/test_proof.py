"""The proof of one event, as an auditor reads it and as Go's sumdb judges it."""

import base64
import json
from typing import Any

import pytest

from daybook.aws.wiring import Tables
from daybook.clock import DAY, format_time
from daybook.crypto.sealing import Place, open_sealed
from daybook.events.canonical import leaf
from daybook.events.packing import pack, unpack
from daybook.ledger.checkpoints import parse
from daybook.ledger.entries import decode
from daybook.ledger.logs import LogKey
from daybook.ledger.notes import open_note
from daybook.ledger.tiles import Tile, tiles_of
from tests.support.calls import answered
from tests.support.forgetting import Forgetting
from tests.support.go_judge import JudgedLog, complaints
from tests.support.reckoned_tree import ReckonedTree
from tests.support.sealed_log import LedgerReader, SealedLog, parts, stored_entries
from tests.support.tenant_log import TenantLog, problem_of

PROOF = "/v1/events/{event_id}/proof"


@pytest.fixture
def tenant(dynamodb: Any, tables: Tables) -> TenantLog:
    return TenantLog(dynamodb, tables, "enate", retention_days=30)


@pytest.fixture
def read(tenant: TenantLog) -> LedgerReader:
    return LedgerReader(tenant)


@pytest.fixture
def sealed(tenant: TenantLog) -> SealedLog:
    return SealedLog(tenant.wiring, LogKey(tenant.key(), "all"))


def seal(tenant: TenantLog, log: SealedLog) -> None:
    """Appends what is stored for the log and is not in it yet, and signs."""
    known = {decode(entry) for entry in log.entries}
    log.append(entry for entry in stored_entries(tenant.dynamodb, tenant.tables, log.log.key) if entry not in known)
    log.sign()


def proof(read: LedgerReader, event_id: str, query: dict[str, str] | None = None, **authorizer: Any) -> dict[str, Any]:
    return read(PROOF, query, {"event_id": event_id}, **authorizer)


@pytest.mark.every_store
def test_a_proof_shows_that_the_event_is_in_the_signed_tree(
    tenant: TenantLog, read: LedgerReader, sealed: SealedLog
) -> None:
    """Go accepts it, and makes the same one out of the tiles. The bytes hash to the leaf that ingestion gave."""
    actors = [{"type": "user", "username": f"person.{number}"} for number in range(300)]
    sent = tenant.send({"events": [{"activity": "document.updated", "actor": actor} for actor in actors]})
    seal(tenant, sealed)
    tree = ReckonedTree(sealed.entries)
    tiles = {
        tile.path: b"".join(
            tree.mth(at * 256**tile.level, (at + 1) * 256**tile.level)
            for at in range(tile.first, tile.first + tile.width)
        )
        for tile in tiles_of(300)
    }
    inclusions = []
    for result in (answered(sent)["results"][number] for number in (0, 7, 255, 299)):
        answer = answered(proof(read, result["id"]))
        canonical, entry = (base64.b64decode(answer[name], validate=True) for name in ("canonical", "entry"))
        index, path, note = parts(answer["proof"])
        text, _ = open_note(note, [sealed.key])
        assert (answer["event_id"], answer["leaf"], answer["index"]) == (result["id"], result["leaf"], index)
        assert leaf(canonical).hex() == result["leaf"]
        assert decode(entry) == (result["id"], tenant.now, leaf(canonical))
        assert (parse(text).size, parse(text).root) == (300, tree.root)
        inclusions.append((index, entry, path))
    judged = JudgedLog(keys=[sealed.key.line], note=note, size=300, root=tree.root, tiles=tiles, inclusions=inclusions)
    assert complaints(judged) == []


def test_a_proof_is_recorded(tenant: TenantLog, read: LedgerReader, sealed: SealedLog) -> None:
    """In the log that it reads. It holds nobody's name, and a forgotten person's event is proved like any other."""
    (event_id,) = tenant.sent({})
    seal(tenant, sealed)
    first = answered(proof(read, event_id))
    (record,) = tenant.recorded("viewed")
    assert (record["variant"], record["params"], record["environment"]) == ("proof", {"event": event_id}, "prod")
    assert b"mike.mars" not in base64.b64decode(first["canonical"])
    (guid,) = {event["actor"]["id"] for event in tenant.page()["events"] if event["id"] == event_id}
    tenant.forget(guid)
    assert answered(proof(read, event_id)) == first


def test_an_event_that_is_not_sealed_yet_is_asked_for(tenant: TenantLog, read: LedgerReader, sealed: SealedLog) -> None:
    """First it is not appended, then not signed: then the call asks for a head. Neither is recorded."""
    (event_id,) = tenant.sent({})
    for asked in (0, 1):
        answer = proof(read, event_id)
        assert problem_of(answer) == (404, "not_sealed_yet")
        assert int(answer["headers"]["Retry-After"]) > 0
        assert read.asked == [sealed.log] * asked
        if not asked:
            sealed.append(stored_entries(tenant.dynamodb, tenant.tables, sealed.log.key))
    assert tenant.recorded("viewed") == []
    sealed.sign()
    assert proof(read, event_id)["statusCode"] == 200


def test_an_event_without_a_log_is_not_sealed_yet(tenant: TenantLog, read: LedgerReader) -> None:
    """A log begins with its first append."""
    (event_id,) = tenant.sent({})
    assert problem_of(proof(read, event_id)) == (404, "not_sealed_yet")
    assert read.asked == []


def test_the_newest_checkpoint_proves_it(tenant: TenantLog, read: LedgerReader, sealed: SealedLog) -> None:
    """Though an older one covers it too."""
    (event_id,) = tenant.sent({})
    seal(tenant, sealed)
    tenant.now += 1
    tenant.sent({}, {"activity": "record.stamped"})
    seal(tenant, sealed)
    _, _, note = parts(answered(proof(read, event_id))["proof"])
    assert parse(open_note(note, [sealed.key])[0]).size == 3


def test_an_event_is_proved_by_the_log_that_had_it(tenant: TenantLog, read: LedgerReader, sealed: SealedLog) -> None:
    """A log that was cut short goes on proving what it had signed, until its successor does."""
    (event_id,) = tenant.sent({})
    seal(tenant, sealed)
    successor = SealedLog(tenant.wiring, sealed.log.key, 2, sealed.log)
    assert successor.log.origin != sealed.log.origin
    for log, then in (
        (sealed, lambda: successor.append(stored_entries(tenant.dynamodb, tenant.tables, sealed.log.key))),
        (sealed, successor.sign),
    ):
        _, _, note = parts(answered(proof(read, event_id))["proof"])
        assert open_note(note, [log.key])
        then()
    _, _, note = parts(answered(proof(read, event_id))["proof"])
    assert open_note(note, [successor.key])


def test_only_who_may_read_an_event_gets_its_proof(tenant: TenantLog, read: LedgerReader, sealed: SealedLog) -> None:
    """Another tenant's event, one of an environment out of reach, and one that expired are not found."""
    mine, old = tenant.sent({}, {"occurred_at": format_time(tenant.now - 30 * DAY)})
    seal(tenant, sealed)
    other = TenantLog(tenant.dynamodb, tenant.tables, tenant="other")
    assert problem_of(proof(LedgerReader(other), mine)) == (404, "not_found")
    assert problem_of(proof(read, mine, environment="test")) == (404, "not_found")
    assert problem_of(proof(read, mine, {"environment": "test"})) == (404, "not_found")
    assert proof(read, mine, {"environment": "prod"})["statusCode"] == 200
    assert proof(read, old)["statusCode"] == 200
    tenant.now += 1
    assert problem_of(proof(read, old)) == (404, "not_found")
    for event_id in ("x", "0" * 36, "Z" * 36):
        assert problem_of(proof(read, event_id)) == (404, "not_found")


def test_what_operations_did_is_proved_to_operations_alone(tenant: TenantLog, sealed: SealedLog) -> None:
    """By the log of what only they may read."""
    hidden = SealedLog(tenant.wiring, LogKey(tenant.key(), "operations"), 7)
    (event_id,) = tenant.sent({"activity": "api.called"})
    assert stored_entries(tenant.dynamodb, tenant.tables, sealed.log.key) == []
    seal(tenant, hidden)
    operations = LedgerReader(tenant, "operations")
    assert problem_of(proof(LedgerReader(tenant), event_id)) == (404, "not_found")
    _, _, note = parts(answered(proof(operations, event_id))["proof"])
    assert open_note(note, [hidden.key])


def test_no_proof_is_given_that_no_verifier_accepts(tenant: TenantLog, read: LedgerReader, sealed: SealedLog) -> None:
    """A root that was changed in the table, or is missing: 500, and operators find the reason in their log."""
    first = Tile(0, 0)
    tenant.wiring.tile_roots.put(sealed.log, {first: bytes(32)})  # whatever is there first stays
    sent = [event for _ in range(3) for event in tenant.sent(*({} for _ in range(200)))]
    seal(tenant, sealed)
    tenant.now += 1
    place = {entry.id: at for at, entry in enumerate(map(decode, sealed.entries))}
    # An event of the second tile: the left half of the path of one behind it comes from the checkpoint's own edge.
    of_first, behind = (next(each for each in sent if place[each] // 256 == tile) for tile in (0, 1))
    assert proof(read, of_first)["statusCode"] == 200, "its path does not need the root of its own tile"
    assert problem_of(proof(read, behind)) == (500, "internal_error")
    key = {"pk": {"S": sealed.log.partition}, "sk": {"S": f"node#0#{0:016}"}}
    tenant.dynamodb.delete_item(TableName=tenant.tables.ledger, Key=key)
    assert problem_of(proof(read, behind)) == (500, "internal_error")
    assert {record["params"]["event"] for record in tenant.recorded("viewed")} == {of_first}


def test_bytes_that_were_changed_do_not_match_their_entry(
    tenant: TenantLog, read: LedgerReader, sealed: SealedLog
) -> None:
    """The proof shows what was sealed and what is stored now, so whoever verifies it sees that they differ."""
    (event_id,) = tenant.sent({})
    seal(tenant, sealed)
    (row,) = tenant.dynamodb.scan(TableName=tenant.tables.events)["Items"]
    changed = unpack(bytes(row["z"]["B"])).replace(b'"status":"success"', b'"status":"failure"')
    tenant.dynamodb.put_item(TableName=tenant.tables.events, Item={**row, "z": {"B": pack(changed)}})
    answer = answered(proof(read, event_id))
    assert base64.b64decode(answer["canonical"]) == changed
    assert decode(base64.b64decode(answer["entry"])).leaf != leaf(changed)


def test_an_unknown_parameter_is_refused(read: LedgerReader) -> None:
    assert problem_of(proof(read, "0" * 36, {"at": "1"})) == (400, "unknown_parameter")


def disclosed(answer: dict[str, Any]) -> dict[str, list[Any]]:
    """The fields that each of the answer's keys opens, by GUID."""
    content = json.loads(base64.b64decode(answer["canonical"]))
    sealed = {person["id"]: person["sealed"] for person in content["people"]}
    keys = {person["id"]: base64.b64decode(person["key"], validate=True) for person in answer["people"]}
    place = content["tenant"], content["environment"], content["id"]
    return {guid: open_sealed(sealed[guid], key, Place(*place, guid)) for guid, key in keys.items()}


@pytest.mark.every_store
def test_a_proof_discloses_the_keys_of_its_people_where_it_is_asked_to(
    tenant: TenantLog, read: LedgerReader, sealed: SealedLog
) -> None:
    """All of them, of this event alone. It is recorded, and a later forgetting of such a person lists it."""
    people = [{"username": "jane.roe", "email": "jane@x.example"}]
    one, other = tenant.sent({"people": people, "details": "of jane.roe"}, {})
    seal(tenant, sealed)
    assert "people" not in answered(proof(read, one))
    answer = answered(proof(read, one, {"disclose": "true"}))
    fields = disclosed(answer)
    assert [each[0] for each in fields.values()] == ["mike.mars", "jane.roe"]
    (record,) = tenant.recorded("people-disclosed")
    assert record["params"] == {"event": one, "people": list(fields)}
    assert len(tenant.recorded("viewed")) == 1
    keys = {person["key"] for person in answer["people"]}
    assert keys.isdisjoint(person["key"] for person in answered(proof(read, other, {"disclose": "true"}))["people"])
    forgetting = Forgetting(tenant)
    assert forgetting.report("jane.roe")["disclosures"] == [record["id"]]
    assert disclosed(answered(proof(read, one, {"disclose": "true"}))).keys() == {next(iter(fields))}
    assert len(forgetting.report("mike.mars")["disclosures"]) == 3
    assert answered(proof(read, one, {"disclose": "true"}))["people"] == []


def test_the_record_of_a_hidden_events_proof_is_hidden_too(tenant: TenantLog) -> None:
    """It names the event, whose id holds its time, and the event's people."""
    hidden = SealedLog(tenant.wiring, LogKey(tenant.key(), "operations"), 7)
    (event_id,) = tenant.sent({"activity": "api.called"})
    seal(tenant, hidden)
    operations = LedgerReader(tenant, "operations")
    answered(proof(operations, event_id))
    answered(proof(operations, event_id, {"disclose": "true"}))
    assert tenant.recorded("viewed") == tenant.recorded("people-disclosed") == []
    read = answered(tenant.reader("operations")(query={"activity": "audit-log.*"}))["events"]
    assert {each["activity"] for each in read} >= {"audit-log.viewed", "audit-log.people-disclosed"}
    assert len(stored_entries(tenant.dynamodb, tenant.tables, hidden.log.key)) == 3


def test_an_event_that_names_nobody_discloses_nothing(tenant: TenantLog, read: LedgerReader, sealed: SealedLog) -> None:
    (event_id,) = tenant.sent({"actor": {"type": "system"}})
    seal(tenant, sealed)
    assert answered(proof(read, event_id, {"disclose": "true"}))["people"] == []
    assert answered(proof(read, event_id, {"disclose": "false"})).keys() & {"people"} == set()
    assert problem_of(proof(read, event_id, {"disclose": "yes"})) == (400, "invalid_parameter")
