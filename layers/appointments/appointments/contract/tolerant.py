"""The contract with only what keying, ordering and routing need: the rest may be missing or of unknown value.

The models are derived from the strict ones, member by member, the first time that a delivery needs them
(docs/decisions/0014): a Literal becomes any text, a required member one that may be left out, and a discriminated
union gets one more branch, what its branches share, for a discriminator that names none of them. Types, date-times
and the ids that become keys are checked as ever, so what code reads is of its declared type, or None.
"""

from __future__ import annotations

from functools import cache
from types import UnionType
from typing import Annotated, Any, Literal, Union, cast, get_args, get_origin

from pydantic import Discriminator, Field, Tag, ValidationError, create_model
from pydantic.fields import FieldInfo

from appointments.contract.models import ABSENT, AppointmentBase, Data, Envelope, Model

NEEDED: dict[type, set[str]] = {
    Envelope: {"id", "entity", "data"},
    Data: {"event_type", "appointment"},
    AppointmentBase: {"id", "updated_at", "status"},
}
"""Without these there is no key, no order or no detail-type. Of the status only that it is there, in whatever words."""


def read(document: dict[str, Any]) -> Envelope | None:
    """The envelope of a document in which nothing needed is missing and nothing is of a wrong type, else None."""
    try:
        return cast("Envelope", derived(Envelope).model_validate(document))
    except ValidationError:
        return None  # the strict models say why


@cache
def derived(model: type[Model]) -> type[Model]:
    """The tolerant form of a model, a subclass of it."""
    return _subclass(model, {name: _member(model, name) for name in model.model_fields})


def _member(model: type[Model], name: str) -> tuple[Any, Any]:
    field = model.model_fields[name]
    needed = _is_needed(model, name)
    annotation: Any = field.annotation
    if field.discriminator:
        annotation = Annotated[annotation, Field(discriminator=field.discriminator)]
    if not needed or get_origin(annotation) is not Literal:
        annotation = _opened(annotation)
    default = field.default
    if field.is_required():
        default = ... if needed else ABSENT
    return Annotated[(annotation, *field.metadata, Field(alias=field.alias))], default


def _opened(annotation: Any) -> Any:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return str
    if origin is Annotated:
        return _opened_with(arguments[0], arguments[1:])
    if origin is tuple:
        return tuple[_opened(arguments[0]), ...]  # type: ignore[misc] # computed, as the whole module
    if origin in (Union, UnionType):
        return Union[tuple(map(_opened, arguments))]  # noqa: UP007
    return derived(annotation) if isinstance(annotation, type) and issubclass(annotation, Model) else annotation


def _opened_with(annotation: Any, metadata: tuple[Any, ...]) -> Any:
    for entry in metadata:
        if isinstance(entry, FieldInfo) and entry.discriminator:
            return _union(get_args(annotation), str(entry.discriminator))
    return Annotated[(_opened(annotation), *metadata)]


def _union(branches: tuple[type[Model], ...], name: str) -> Any:
    """The branch that the member ``name`` selects, and for any other value of it, or none, what they share."""
    chosen = {value: branch.__name__ for branch in branches for value in get_args(branch.model_fields[name].annotation)}
    base = cast("type[Model]", branches[0].__base__)
    rest = _subclass(derived(base), {name: (str, ... if _is_needed(base, name) else ABSENT)})

    def choose(value: Any) -> str:
        # A model is asked for its branch when it is written out again.
        found = value.get(name) if isinstance(value, dict) else getattr(value, name, None)
        return chosen.get(found, rest.__name__) if isinstance(found, str) else rest.__name__

    tagged = [Annotated[derived(branch), Tag(branch.__name__)] for branch in branches]
    return Annotated[Union[(*tagged, Annotated[rest, Tag(rest.__name__)])], Discriminator(choose)]


def _is_needed(model: type[Model], name: str) -> bool:
    return any(name in NEEDED.get(base, set()) for base in model.__mro__)


def _subclass(model: type[Model], members: dict[str, tuple[Any, Any]]) -> type[Model]:
    return cast("type[Model]", create_model(f"Tolerant{model.__name__}", __base__=model, **cast("Any", members)))
