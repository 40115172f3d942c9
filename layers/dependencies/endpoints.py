"""Corrects endpoints.json for services without a rule set: each endpoint becomes the endpoint of the rule set.

The two differ only in FIPS and dual-stack endpoints, which a client uses only on request. Without the correction, such
a client would send its requests to host names that may not exist.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from botocore.endpoint_provider import EndpointProvider
from botocore.exceptions import EndpointProviderError, EndpointVariantError
from botocore.regions import EndpointResolver

Document = dict[str, Any]

VARIANTS = (["fips"], ["dualstack"], ["dualstack", "fips"])


def correct(endpoints: Document, rule_sets: Mapping[str, Document], partitions: Document) -> None:
    """Change ``endpoints`` for the services of ``rule_sets``, in every region that it contains."""
    resolver = EndpointResolver(endpoints)
    for service, rules in rule_sets.items():
        provider = EndpointProvider(rules, partitions)
        for partition in endpoints["partitions"]:
            known = partition["services"][service]["endpoints"]
            for region in sorted(set(partition["regions"]) & set(known)):
                for tags in VARIANTS:
                    actual, expected = (
                        _endpoint_from_table(resolver, service, region, tags),
                        _endpoint_from_rules(provider, region, tags),
                    )
                    # A client looks into the table first, and rejects an endpoint that the table lacks.
                    if actual and expected and actual != expected:
                        _set(known[region], tags, expected)


def _endpoint_from_rules(provider: EndpointProvider, region: str, tags: list[str]) -> str | None:
    try:
        found = provider.resolve_endpoint(Region=region, UseFIPS="fips" in tags, UseDualStack="dualstack" in tags)
    except EndpointProviderError:
        return None  # the rule set has no such endpoint
    return str(found.url).removeprefix("https://")


def _endpoint_from_table(resolver: EndpointResolver, service: str, region: str, tags: list[str]) -> str | None:
    dualstack, fips = "dualstack" in tags, "fips" in tags
    try:
        found = resolver.construct_endpoint(service, region, use_dualstack_endpoint=dualstack, use_fips_endpoint=fips)
    except EndpointVariantError:
        return None
    return str(found["hostname"]) if found else None


def _set(endpoint: Document, tags: list[str], host: str) -> None:
    others = [variant for variant in endpoint.get("variants", []) if sorted(variant["tags"]) != tags]
    endpoint["variants"] = [*others, {"hostname": host, "tags": tags}]
