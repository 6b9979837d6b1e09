"""Reads templates for tests. References become names, and logical ids lose the hash at their end."""

import re
from collections.abc import Mapping
from typing import Any

_HASH = re.compile(r"[0-9A-F]{8}$")


class Stack:
    """The template of one stack. Resolving its imports needs the templates of all stacks."""

    def __init__(self, name: str, templates: Mapping[str, dict[str, Any]]) -> None:
        self._template = templates[name]
        self._exports = {
            output["Export"]["Name"]: output["Value"]
            for template in templates.values()
            for output in template.get("Outputs", {}).values()
            if "Export" in output
        }

    def resources(self, kind: str) -> dict[str, dict[str, Any]]:
        """The complete resources of a CloudFormation type, by name."""
        return {
            _name(logical_id): resource
            for logical_id, resource in self._template["Resources"].items()
            if resource["Type"] == kind
        }

    def properties(self, kind: str) -> dict[str, dict[str, Any]]:
        return {name: resource.get("Properties", {}) for name, resource in self.resources(kind).items()}

    def output(self, name: str) -> str:
        """The value of a stack output."""
        return self.read(self._template["Outputs"][name]["Value"])

    def read(self, value: Any) -> str:
        """A value as text: `EventsTable` for a reference, `EventsTable.Arn` for an attribute. Joins are resolved."""
        match value:
            case str():
                return value
            case {"Ref": name}:
                return _name(name)
            case {"Fn::GetAtt": [name, attribute]}:
                return f"{_name(name)}.{attribute}"
            case {"Fn::ImportValue": name}:
                return self.read(self._exports[name])
            case {"Fn::Join": [separator, parts]}:
                return str(separator).join(self.read(part) for part in parts)
            case {"Fn::Select": [index, {"Fn::Split": [_, whole]}]}:
                return f"{self.read(whole)}[{index}]"
        raise ValueError(f"can't read {value}")

    def statements(self) -> dict[str, list[dict[str, Any]]]:
        """The statements that the stack's policies give to roles, by the role's name."""
        found: dict[str, list[dict[str, Any]]] = {}
        for policy in self.properties("AWS::IAM::Policy").values():
            (role,) = policy["Roles"]
            # A role of another stack is a part of its ARN.
            found[re.split(r"\W", self.read(role))[0]] = policy["PolicyDocument"]["Statement"]
        return found

    def paths(self) -> dict[str, str]:
        """The path of each resource of the API, by the resource's name."""
        resources = self.properties("AWS::ApiGateway::Resource")

        def path(name: str) -> str:
            if name.endswith("RootResourceId"):
                return ""
            properties = resources[name]
            return f"{path(self.read(properties['ParentId']))}/{properties['PathPart']}"

        return {name: path(name) for name in resources}

    def methods(self) -> dict[tuple[str, str], dict[str, Any]]:
        """The API's methods by method and path."""
        paths = self.paths()
        return {
            (method["HttpMethod"], paths.get(self.read(method["ResourceId"]), "/")): method
            for method in self.properties("AWS::ApiGateway::Method").values()
        }


def _name(logical_id: str) -> str:
    return _HASH.sub("", logical_id)
