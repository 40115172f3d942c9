"""The documented limits: reported, never a reason to refuse, because the vendor's own sample breaks five of them.

A limit is written where the member is declared and is transparent to validation. It shows in the JSON Schema,
and :func:`collect` finds what breaks it, so the two cannot drift apart.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import cache
from types import UnionType
from typing import Annotated, Any, NamedTuple, Union, get_args, get_origin

from pydantic import BaseModel

from appointments.contract.violations import Location, Violation, json_path

Check = Callable[[Any, Location, list[Violation]], None]
"""Looks at a value at its location and adds what it breaks."""


class Limit(NamedTuple):
    """``rule`` is the JSON Schema keyword; lengths are counted in code points."""

    rule: str
    bound: int

    def __get_pydantic_json_schema__(self, core_schema: Any, handler: Any) -> dict[str, Any]:
        return {**handler(core_schema), self.rule: self.bound}

    def breaker(self) -> Callable[[Any], bool]:
        """Whether a value breaks it, as a function without a choice left in it: it is asked for every delivery."""
        bound = self.bound
        match self.rule:
            case "maxLength":
                return lambda value: isinstance(value, str) and len(value) > bound
            case "minLength":
                return lambda value: isinstance(value, str) and len(value) < bound
            case _:
                return lambda value: isinstance(value, int) and value < bound


def MaxLength(bound: int) -> Limit:  # noqa: N802 - reads as the annotation it is
    return Limit("maxLength", bound)


def MinLength(bound: int) -> Limit:  # noqa: N802
    return Limit("minLength", bound)


def Minimum(bound: int) -> Limit:  # noqa: N802
    return Limit("minimum", bound)


def collect(model: BaseModel) -> tuple[Violation, ...]:
    """Every limit that the model's values break, in the order of the contract."""
    found: list[Violation] = []
    _walk(model, (), found)
    return tuple(found)


def prepare(model: type[BaseModel]) -> None:
    """Look into the annotations now instead of for the first delivery."""
    _plan(model)


def _walk(model: BaseModel, location: Location, found: list[Violation]) -> None:
    for name, alias, check in _plan(type(model)):
        value = getattr(model, name)
        if value is not None:
            check(value, (*location, alias), found)


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
        return _check_limits(limits)
    elements = list(_elements(annotation))
    if elements and _any_planned(elements):
        return _walk_each
    return _walk if _any_planned(list(_models(annotation))) else None


def _check_limits(limits: list[Limit]) -> Check:
    breakers = [(limit.breaker(), limit) for limit in limits]

    def check(value: Any, location: Location, found: list[Violation]) -> None:
        for breaks, limit in breakers:
            if breaks(value):
                violation = Violation(json_path(location), limit.rule, str(limit.bound))
                found.append(violation)

    return check


def _walk_each(models: Iterable[BaseModel], location: Location, found: list[Violation]) -> None:
    for index, model in enumerate(models):
        _walk(model, (*location, index), found)


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
