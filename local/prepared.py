"""The contract's validation as data: ``python -m local.prepared`` rewrites appointments/prepared.py.

Pydantic derives from the models a core schema, of which its core makes the validator. To derive it takes ten times as
long as to make the validator of it, at every cold start, and comes to the same each time.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import VERSION, TypeAdapter

from appointments import contract

PATH = Path(contract.__file__).parent / "prepared.py"
HEAD = '''"""The core schema that pydantic derives from the contract: by ``python -m local.prepared``, not by hand.

What only JSON Schema needs of it is left out. A test holds it against the models, and where another release of
pydantic runs than the one it was made with, the models themselves are used (docs/decisions/0018).
"""

from typing import Any

from appointments import contract

PYDANTIC = {version!r}

{models}
SCHEMA: Any = {schema}


class PreparedEnvelope:
    """Stands for :class:`appointments.contract.Envelope` where it is parsed, and parses to one."""

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: Any, _handler: Any) -> Any:
        return SCHEMA
'''
NAMES = {id(value): f"contract.{name}" for name, value in vars(contract).items() if callable(value)}


def generate() -> str:
    adapter = TypeAdapter(contract.Envelope)
    adapter.rebuild(force=True)  # the models make nothing before it is asked for
    writer = _Writer()
    schema = writer.write(adapter.core_schema)
    return HEAD.format(version=VERSION, models="\n".join(writer.models), schema=schema)


class _Writer:
    """Writes a schema as Python, each model as a variable of its own with one field a line."""

    def __init__(self) -> None:
        self.models: list[str] = []

    def write(self, value: Any, name: str = "") -> str:
        match value:
            case {"type": "model", "cls": cls}:
                return self._model(value, cls.__name__)
            case {"type": "model-fields"}:
                return self._members(value, "\n    ")
            case dict():
                return self._members(value, "")
            case list() | tuple():
                text = "".join(self.write(each) + ", " for each in value)
                return f"[{text.rstrip(', ')}]" if isinstance(value, list) else f"({text.rstrip()})"
            case str() if name in ("ref", "schema_ref"):
                return repr(value.partition(":")[0])  # the rest is the model's address in memory
            case None | str() | int() | float():
                return repr(value)
        return NAMES[id(value)]

    def _model(self, schema: dict[str, Any], name: str) -> str:
        text = self._members(schema, "")  # first: the models in it come before it
        self.models.append(f"{name}: Any = {text}")
        return name

    def _members(self, schema: dict[str, Any], line: str) -> str:
        if line:
            fields = "".join(f"{line}{name!r}: {self.write(field)}," for name, field in schema["fields"].items())
            rest = {name: value for name, value in schema.items() if name != "fields"}
            return self._members(rest, "").removesuffix("}") + f", 'fields': {{{fields}\n}}}}"
        members = ((name, self.write(value, name)) for name, value in schema.items() if name != "metadata")
        return "{" + ", ".join(f"{name!r}: {text}" for name, text in members) + "}"


if __name__ == "__main__":
    PATH.write_text(generate(), encoding="utf-8")
    print(f"wrote {PATH}")
