"""Caches of the SDK for a process that makes hundreds of sessions. Each session would find the same again."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from botocore import hooks, regions
from botocore.hooks import EventAliaser
from botocore.loaders import JSONFileLoader, Loader


def cache() -> None:
    """Cache the SDK's files and folders, the aliases of events, the signatures of handlers and the endpoint rules."""
    for owner, name in (
        (JSONFileLoader, "load_file"),
        (Loader, "list_available_services"),
        (Loader, "list_api_versions"),
        (EventAliaser, "_alias_event_name"),
    ):
        setattr(owner, name, _cached_for_all_instances(getattr(owner, name)))
    hooks.accepts_kwargs = _cached_by_function(hooks.accepts_kwargs)  # type: ignore[assignment]
    regions.EndpointProvider = _cached_by_rules(regions.EndpointProvider)  # type: ignore[attr-defined]


def _cached_for_all_instances(method: Callable[..., Any]) -> Callable[..., Any]:
    known: dict[tuple[Any, ...], Any] = {}

    def cached(instance: Any, *arguments: Any, **named: Any) -> Any:
        key = (*arguments, *sorted(named.items()))
        if key not in known:
            known[key] = method(instance, *arguments, **named)
        return known[key]

    return cached


def _cached_by_function(look: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Cache by the function of a method: the method would keep its client alive."""
    known: dict[Any, Any] = {}

    def cached(handler: Any) -> Any:
        function = getattr(handler, "__func__", handler)
        if not inspect.isfunction(function):
            return look(handler)
        if function.__code__ not in known:
            known[function.__code__] = look(handler)
        return known[function.__code__]

    return cached


def _cached_by_rules(make: Callable[..., Any]) -> Callable[..., Any]:
    """Cache by the identity of the rules, which the cache of the files keeps. A provider computes, and has no state."""
    known: dict[int, tuple[Any, Any]] = {}

    def cached(ruleset_data: Any, **named: Any) -> Any:
        rules, provider = known.get(id(ruleset_data), (None, None))
        if rules is not ruleset_data:
            provider = make(ruleset_data=ruleset_data, **named)
            known[id(ruleset_data)] = ruleset_data, provider
        return provider

    return cached
