"""The content of the folders of events/, made from the samples."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from samples import deferred
from samples.apigateway import webhook_event
from samples.bus import delivered_events, golden_messages
from samples.sample import Sample
from samples.story import SAMPLES
from samples.stream import batches
from samples.table import current_items

EVENTS = Path(__file__).parents[1] / "events"
FOLDERS = ("deliveries", "webhook", "backlog", "stream", "eventbridge", "subscriber", "table")
WIDTH = 100
UNFORMATTED = ("malformed", "vendor-sample")
"""Samples that keep their bytes, because the bytes are what they show."""


def files() -> dict[str, bytes]:
    """Return the content of every file by its path below events/."""
    documents = {f"webhook/{sample.name}.json": webhook_event(sample) for sample in SAMPLES}
    documents |= {f"backlog/{name}.json": batch for name, batch in deferred.batches().items()}
    documents |= {f"stream/{name}.json": batch for name, batch in batches().items()}
    documents |= {f"eventbridge/{name}.json": message for name, message in golden_messages().items()}
    documents |= {f"subscriber/{name}.json": event for name, event in delivered_events().items()}
    documents["table/current.json"] = current_items()
    formatted = {path: f"{pretty(document)}\n".encode() for path, document in documents.items()}
    return formatted | {f"deliveries/{sample.name}.json": _delivery(sample) for sample in SAMPLES}


def present() -> set[str]:
    """Return the paths of the files that are in these folders now."""
    return {path.relative_to(EVENTS).as_posix() for folder in FOLDERS for path in (EVENTS / folder).glob("*")}


def pretty(value: Any, depth: int = 0) -> str:
    """Return indented JSON that keeps short values on one line, so that a body takes a page or two."""
    line = json.dumps(value, ensure_ascii=False)
    indent = "  " * depth
    if not isinstance(value, dict | list) or len(indent) + len(line) <= WIDTH:
        return line
    if isinstance(value, list):
        inner = [pretty(element, depth + 1) for element in value]
    else:
        inner = [f"{json.dumps(name)}: {pretty(member, depth + 1)}" for name, member in value.items()]
    opening, closing = ("[", "]") if isinstance(value, list) else ("{", "}")
    lines = ",\n".join(f"{indent}  {text}" for text in inner)
    return f"{opening}\n{lines}\n{indent}{closing}"


def _delivery(sample: Sample) -> bytes:
    if sample.name in UNFORMATTED:
        return sample.body
    return f"{pretty(json.loads(sample.body))}\n".encode()
