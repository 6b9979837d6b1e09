"""JSON schemas of the types, by msgspec, with the text that stands under a field in its class as its description."""

import ast
import inspect
import sys
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from itertools import pairwise
from typing import Any

import msgspec
from msgspec import inspect as types

from daybook.documents import LARGEST_INTEGER

REFERENCE = "#/components/schemas/{name}"


class Schemas:
    def __init__(self, roots: Sequence[Any]) -> None:
        """Raises ValueError where two types have the same name."""
        schemas, self.components = msgspec.json.schema_components(roots, ref_template=REFERENCE)
        if qualified := [name for name in self.components if "." in name]:
            raise ValueError(f"two types have the same name: {', '.join(sorted(qualified))}")
        for schema in (*schemas, *self.components.values()):
            _unmark(schema)
        self._schemas = dict(zip(roots, schemas, strict=True))
        self.components = dict(sorted(self.components.items()))
        for form in _classes(types.multi_type_info(roots)):
            for name, description in _descriptions(form):
                self.describe(form.__name__, name, description)

    def describe(self, component: str, name: str, description: str) -> None:
        """Says what a property means; each time anew, since msgspec gives equal properties as one object."""
        properties = self.components[component]["properties"]
        properties[name] = {**properties[name], "description": description}

    def any_of(self, roots: Sequence[Any]) -> dict[str, Any]:
        schemas = [self._schemas[each] for each in roots]
        return schemas[0] if len(schemas) == 1 else {"anyOf": schemas}


def _unmark(schema: Any) -> None:
    """Says in words what the marks of `daybook.shape` mean: a longer text is cut, so a client must not refuse it."""
    if isinstance(schema, list):
        for each in schema:
            _unmark(each)
    if not isinstance(schema, dict):
        return
    if schema.pop("x-cut", False):
        longest = schema.pop("maxLength")
        schema["description"] = f"A longer text is cut to {longest:,} characters."
    if schema.pop("x-blank", False):
        schema["minLength"] = 0
    if schema.pop("x-integer", False):
        schema |= {"type": ["string", "integer"], "minimum": -LARGEST_INTEGER, "maximum": LARGEST_INTEGER}
        schema["description"] = "An integer is the same as its decimal text."
    for inner in list(schema.values()):
        _unmark(inner)


def _classes(infos: Iterable[Any]) -> list[type]:
    """Every class with fields that the types are made of."""
    found: dict[type, None] = {}
    waiting = list(infos)
    while waiting:
        info = waiting.pop()
        if isinstance(info, types.StructType | types.TypedDictType):
            if info.cls in found:
                continue
            found[info.cls] = None
            waiting += [field.type for field in info.fields]
        waiting += [
            inner for name in ("type", "item_type", "key_type", "value_type") if (inner := getattr(info, name, None))
        ]
        waiting += [*getattr(info, "types", ()), *getattr(info, "item_types", ())]
    return list(found)


def _descriptions(form: type) -> Iterator[tuple[str, str]]:
    """By the field's name in JSON."""
    names = {field.name: field.encode_name for field in msgspec.structs.fields(form)} if _is_struct(form) else {}
    for base in form.__mro__:
        if base.__module__.partition(".")[0] in ("builtins", "msgspec"):
            continue
        for name, description in _under_fields(base):
            yield names.get(name, name), description


def _is_struct(form: type) -> bool:
    return issubclass(form, msgspec.Struct)


def _under_fields(form: type) -> Iterator[tuple[str, str]]:
    """The strings that stand below annotated names in the class's statement."""
    body = _statements(form.__module__).get(form.__name__, [])
    for field, below in pairwise(body):
        match field, below:
            case (
                ast.AnnAssign(target=ast.Name(id=name)),
                ast.Expr(value=ast.Constant(value=str(text))),
            ):
                yield name, inspect.cleandoc(text)


@cache
def _statements(module: str) -> dict[str, list[ast.stmt]]:
    """What stands in each class of a module."""
    source = ast.parse(inspect.getsource(sys.modules[module]))
    return {node.name: node.body for node in source.body if isinstance(node, ast.ClassDef)}
