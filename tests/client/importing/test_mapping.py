"""Mappings are data, and say what is wrong with them."""

from pathlib import Path

import pytest

from daybook_client.importing.mapping import MappingError, load_mapping, mapping_names, parse_mapping

LEAST = 'name = "x"\n[fields]\noccurred_at = {expr = "at", convert = "time"}\nactivity = "what"\n'


@pytest.mark.parametrize("name", mapping_names())
def test_every_ready_mapping_can_be_loaded(name: str) -> None:
    """By the name of its file, which is the name in its ids."""
    assert load_mapping(name).name == name


def test_a_mapping_of_ones_own_is_a_file(tmp_path: Path) -> None:
    """What ends with `.toml` is a path."""
    path = tmp_path / "ours.toml"
    path.write_text(LEAST)
    assert load_mapping(str(path)).name == "x"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name = ", "no TOML"),
        ('name = "X y"\n[fields]\n', "slug"),
        ('name = "x"\n[fields]\nactivity = "what"\n', "occurred_at"),
        (LEAST + '"actor.nickname" = "x"\n', "'actor.nickname' is no path"),
        (LEAST + '"params.Big" = "x"\n', "'params.Big' is no path"),
        (LEAST + 'details = "a ||"\n', "fields.details.expr: 'a ||' is no JMESPath"),
        (LEAST + 'details = {expr = "a", convert = "rot13"}\n', "no converter 'rot13'"),
        (LEAST + 'details = {expr = "a", const = "b"}\n', "either expr or const"),
        (LEAST + 'details = {expr = "a", wenn = "b"}\n', "'wenn' is unknown"),
        (LEAST + 'details = {expr = "a", zone = "Mars/Olympus"}\n', "no zone 'Mars/Olympus'"),
        (LEAST + 'details = {expr = "a", map = "b"}\n', "must be a table"),
        (LEAST + "details = 5\n", "must be a table"),
        (LEAST + '[[skip]]\nwhen = "a"\n', "skip.reason"),
        ('formats = ["xml"]\n' + LEAST, "formats"),
        ("records = 5\n" + LEAST, "records"),
    ],
)
def test_a_fault_is_named_with_its_place(text: str, message: str) -> None:
    """Whoever writes a mapping is told where to look."""
    with pytest.raises(MappingError) as error:
        parse_mapping(text, "ours.toml")
    assert message in str(error.value)
    assert str(error.value).startswith("ours.toml")


def test_an_unknown_name_lists_the_ready_ones() -> None:
    """A file that is missing is named."""
    with pytest.raises(MappingError, match="cloudtrail"):
        load_mapping("cloudtrial")
    with pytest.raises(MappingError, match="can't be read"):
        load_mapping("missing.toml")
