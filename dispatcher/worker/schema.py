"""The JSON Schema of the call document, as it ships with the package."""

import json
from importlib import resources
from typing import Any


def call_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) that every call document keeps to."""
    text = resources.files("dispatcher.hopper").joinpath("call.schema.json").read_text(encoding="utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema
