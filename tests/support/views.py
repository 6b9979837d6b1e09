"""Saving views."""

from typing import Any

from tests.support.managed_log import ManagedLog

VIEW = "/v1/views/{name}"
PUT = {"query": "status=failure&actor!=System&range=30d"}

OF = {role: {"role": role, "credential": role} for role in ("admin", "auditor")}


def saved(log: ManagedLog, name: str, body: Any = PUT, role: str = "admin", **given: Any) -> dict[str, Any]:
    view: dict[str, Any] = log.done("PUT", VIEW, body, role, name=name, credential=role, **given)
    return view
