"""The documented limits: reported, never a reason to refuse, because the vendor's own sample breaks five of them.

A limit is written where the member is declared and is transparent to validation. It shows in the JSON Schema,
and :func:`collect` finds what breaks it, so the two cannot drift apart.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from types import UnionType
from typing import Annotated, Any, NamedTuple, Union, get_args, get_origin

from pydantic import BaseModel

from appointments.violations import Violation, json_path

Check = Callable[[Any, tuple[str | int, ...]], Iterator[Violation]]


class Limit(NamedTuple):
    """``rule`` is the JSON Schema keyword; lengths are counted in code points."""

    rule: str
    bound: int

    def __get_pydantic_json_schema__(self, core_schema: Any, handler: Any) -> dict[str, Any]:
        return {**handler(core_schema), self.rule: self.bound}

    def holds(self, value: Any) -> bool:
        match self.rule:
            case "maxLength":
                return not isinstance(value, str) or len(value) <= self.bound
            case "minLength":
                return not isinstance(value, str) or len(value) >= self.bound
            case _:
                return not isinstance(value, int) or value >= self.bound


def MaxLength(bound: int) -> Limit:  # noqa: N802 - reads as the annotation it is
    return Limit("maxLength", bound)


def MinLength(bound: int) -> Limit:  # noqa: N802
    return Limit("minLength", bound)


def Minimum(bound: int) -> Limit:  # noqa: N802
    return Limit("minimum", bound)


def collect(model: BaseModel) -> tuple[Violation, ...]:
    """Every limit that the model's values break, in the order of the contract."""
    return tuple(_walk(model, ()))


def prepare(model: type[BaseModel]) -> None:
    """Look into the annotations now instead of for the first delivery."""
    _plan(model)


def _walk(model: BaseModel, location: tuple[str | int, ...]) -> Iterator[Violation]:
    for name, alias, check in _plan(type(model)):
        value = getattr(model, name)
        if value is not None:
            yield from check(value, (*location, alias))


@cache
def _plan(model: type[BaseModel]) -> tuple[tuple[str, str, Check], ...]:
    """The members of a model that can break a limit, found once from its annotations."""
    plan = []
    for name, field in model.model_fields.items():
        own = [entry for entry in field.metadata if isinstance(entry, Limit)]
        check = _check(field.annotation, own)
        if check is not None:
            plan.append((name, field.alias or name, check))
    return tuple(plan)


def _check(annotation: Any, limits: list[Limit]) -> Check | None:
    limits = [*limits, *_limits(annotation)]
    if limits:
        return lambda value, location: (
            Violation(json_path(location), limit.rule, str(limit.bound)) for limit in limits if not limit.holds(value)
        )
    elements = list(_elements(annotation))
    if elements and _any_planned(elements):
        return lambda values, location: (
            violation for index, value in enumerate(values) for violation in _walk(value, (*location, index))
        )
    return _walk if _any_planned(list(_models(annotation))) else None


def _any_planned(models: list[type[BaseModel]]) -> bool:
    return any(_plan(model) for model in models)


def _limits(annotation: Any) -> Iterator[Limit]:
    if get_origin(annotation) is Annotated:
        yield from (entry for entry in get_args(annotation)[1:] if isinstance(entry, Limit))
    if get_origin(annotation) in (Annotated, Union, UnionType):
        for argument in get_args(annotation):
            yield from _limits(argument)


def _elements(annotation: Any) -> Iterator[type[BaseModel]]:
    if get_origin(annotation) is tuple:
        yield from _models(get_args(annotation)[0])
    elif get_origin(annotation) in (Annotated, Union, UnionType):
        for argument in get_args(annotation):
            yield from _elements(argument)


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    elif get_origin(annotation) in (Annotated, Union, UnionType):
        for argument in get_args(annotation):
            yield from _models(argument)
