"""Finds the resource for a request's path as a REST API does.

A literal segment has priority over `{parameter}`, and that over `{proxy+}`, which matches the whole rest. A trailing
slash is ignored. Nothing is decoded: `%2F` is not a separator, and parameters arrive as sent (observed for REST APIs
and Lambda proxies: serverless/serverless#5037, hotsock/voker#8).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple


@dataclass(frozen=True)
class Method:
    function: str
    """The ARN of the function."""
    authorized: bool


@dataclass(frozen=True)
class Resource:
    path: str
    methods: Mapping[str, Method]

    def method(self, name: str) -> Method | None:
        return self.methods.get(name) or self.methods.get("ANY")


class Match(NamedTuple):
    resource: Resource
    parameters: dict[str, str]


@dataclass
class Node:
    resource: Resource | None = None
    children: dict[str, "Node"] = field(default_factory=dict)
    """The child nodes by segment of the resource's path: `v1`, `{tenant}`, `{proxy+}`."""

    def find(self, segments: list[str]) -> Match | None:
        if not segments:
            return Match(self.resource, {}) if self.resource else None
        first, rest = segments[0], segments[1:]
        if (child := self.children.get(first)) and (match := child.find(rest)):
            return match
        for name, child in self.children.items():
            if name.startswith("{") and not name.endswith("+}") and first and (match := child.find(rest)):
                match.parameters[name[1:-1]] = first
                return match
        for name, child in self.children.items():
            if name.endswith("+}") and child.resource:
                return Match(child.resource, {name[1:-2]: "/".join(segments)})
        return None


class Router:
    def __init__(self, resources: Iterable[Resource]) -> None:
        self._root = Node()
        for resource in resources:
            node = self._root
            for segment in segments_of(resource.path):
                node = node.children.setdefault(segment, Node())
            node.resource = resource

    def find(self, path: str) -> Match | None:
        """`path` is the path as sent, without scheme and query."""
        return self._root.find(segments_of(path))


def segments_of(path: str) -> list[str]:
    path = path.rstrip("/")
    return path.split("/")[1:] if path else []
