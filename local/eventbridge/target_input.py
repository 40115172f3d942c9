"""What a target of a rule gets: the event, a part of it, a constant, or the text of an input transformer."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

QUOTED_OR_PLACEHOLDER = re.compile(r'"(?:\\.|[^"\\])*"|<[^<>]+>', re.DOTALL)
PLACEHOLDER = re.compile(r"<([^<>]+)>")

Event = Mapping[str, Any]


class TransformError(ValueError):
    """A template does not make valid JSON of an event. EventBridge then delivers nothing to the target."""


def target_input(target: Mapping[str, Any], event: Event, rule: Mapping[str, str], received_at: str) -> str:
    """Return the payload of a target in JSON.

    ``target`` has the members of PutTargets, ``rule`` the name and the ARN of its rule (``name``, ``arn``).
    ``received_at`` is when the bus received the event. Raises TransformError.
    """
    if "Input" in target:
        return str(target["Input"])
    if "InputPath" in target:
        return _json(_find(target["InputPath"], event))
    if transformer := target.get("InputTransformer"):
        variables = {name: _find(path, event) for name, path in transformer.get("InputPathsMap", {}).items()}
        variables |= {
            "aws.events.rule-name": rule["name"],
            "aws.events.rule-arn": rule["arn"],
            "aws.events.event.ingestion-time": received_at,
            "aws.events.event": {name: value for name, value in event.items() if name != "detail"},
            "aws.events.event.json": event,
        }
        return _filled(transformer["InputTemplate"], variables)
    return _json(event)


def _find(path: str, event: Event) -> Any:
    """Return the first value at a JSON path (``$.detail.metadata.id``), or an empty text if there is none."""
    from jsonpath_ng.parser import parse  # slow to import, and most rules need none

    found = parse(path).find(event)
    return found[0].value if found else ""


def _filled(template: str, variables: Mapping[str, Any]) -> str:
    """Replace the placeholders of a template.

    A placeholder outside of quotes becomes JSON, so that a text gets quotes. Inside of quotes it becomes text; the
    quotes of an object or array are removed there. A template without quotes is one text.
    """

    def in_text(match: re.Match[str]) -> str:
        value = variables.get(match[1], match[0])
        text = value if isinstance(value, str) else _json(value).replace('"', "")
        return json.dumps(text, ensure_ascii=False)[1:-1]

    def in_json(match: re.Match[str]) -> str:
        if match[0].startswith('"'):
            return PLACEHOLDER.sub(in_text, match[0])
        return _json(variables[match[0][1:-1]]) if match[0][1:-1] in variables else match[0]

    is_json = template.lstrip().startswith(("{", "["))
    if not is_json and '"' not in template:
        template = json.dumps(template)
    filled = QUOTED_OR_PLACEHOLDER.sub(in_json, template)
    if is_json:
        try:
            json.loads(filled)
        except ValueError:
            raise TransformError("the input template makes no valid JSON of this event") from None
    return filled


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
