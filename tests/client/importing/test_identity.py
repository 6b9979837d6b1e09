"""The same record has the same id, whenever and from wherever it is imported."""

from typing import Any

from daybook_client.importing.identity import Identities
from tests.client.importing.making import mapping_of

OWN = mapping_of(head='id = ["id", "stage"]')
NONE = mapping_of()


def ids(records: list[dict[str, Any]], mapping: Any = NONE) -> list[str]:
    identities = Identities(mapping.name, mapping.id)
    return [identities.of(record) for record in records]


def test_a_records_own_id_is_the_events_with_the_mappings_name() -> None:
    """So the ids of two products never meet."""
    assert ids([{"id": "a-1", "stage": 2}], OWN) == ["made-up:a-1:2"]


def test_a_long_or_odd_id_is_hashed() -> None:
    """An id has at most 128 characters. Parts are kept apart."""
    (long, other, odd) = ids(
        [{"id": "x" * 200, "stage": "y"}, {"id": "x" * 199, "stage": "xy"}, {"id": "ä\n", "stage": "y"}], OWN
    )
    assert len({long, other, odd}) == 3
    assert all(each.startswith("made-up:") and len(each) <= 128 and each.isascii() for each in (long, other, odd))


def test_the_parts_of_an_id_are_kept_apart() -> None:
    """Also where they hold the colon that stands between them."""
    first, second = ids([{"id": "a:b", "stage": "c"}, {"id": "a", "stage": "b:c"}], OWN)
    assert first != second


def test_a_record_that_lacks_a_part_of_its_id_is_known_by_its_content() -> None:
    """The rest of its id would not tell it from others."""
    first, second = ids([{"id": "a", "n": 1}, {"id": "a", "n": 2}], OWN)
    assert first != second


def test_content_is_the_same_in_any_order_of_keys() -> None:
    """Another export may write them differently."""
    assert ids([{"a": 1, "b": {"c": 2, "d": 3}}]) == ids([{"b": {"d": 3, "c": 2}, "a": 1}])
    assert ids([{"a": 1}]) != ids([{"a": "1"}])


def test_equal_records_of_a_file_are_events_of_their_own() -> None:
    """And the same ones again in a second file that overlaps."""
    first = ids([{"a": 1}, {"a": 2}, {"a": 1}, {"a": 1}])
    assert len({*first}) == 4
    assert first[2].endswith("-2")
    assert first[3].endswith("-3")
    assert ids([{"a": 1}, {"a": 1}, {"a": 1}]) == [first[0], first[2], first[3]]


def test_the_count_of_equal_records_has_a_bound() -> None:
    """It reaches back over so many records at least, and keeps no more than twice as many."""
    identities = Identities("made-up", (), generation=50)
    first = identities.of({"a": 0})
    for number in range(1, 50):
        identities.of({"a": number})
    assert identities.of({"a": 0}) == f"{first}-2"
    for number in range(50, 200):
        identities.of({"a": number})
    assert identities.of({"a": 0}) == first
