"""The contract's example of an event and a typical event of each product: measured, and shown in the API's document."""

import json
from pathlib import Path
from typing import Any

PRODUCTS = ("jiffy", "enate", "chat", "carear", "symbee")


def _event(name: str) -> dict[str, Any]:
    event: dict[str, Any] = json.loads(Path(__file__).with_name(f"{name}.json").read_text("utf-8"))
    return event


CONTRACT_EXAMPLE = _event("contract")
TYPICAL = {product: _event(product) for product in PRODUCTS}
