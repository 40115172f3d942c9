"""endpoints.json for services without their rule sets: where the two differ, it is made to say what the rule set says.

They differ in endpoints of FIPS and of dual stack alone, which nobody uses who does not ask for them. Without this,
whoever did would be sent to names that may not exist.
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
    """Change ``endpoints`` for the services of ``rule_sets``, in every region that it knows."""
    resolver = EndpointResolver(endpoints)
    for service, rules in rule_sets.items():
        provider = EndpointProvider(rules, partitions)
        for partition in endpoints["partitions"]:
            known = partition["services"][service]["endpoints"]
            for region in sorted(set(partition["regions"]) & set(known)):
                for tags in VARIANTS:
                    given, right = _by_table(resolver, service, region, tags), _by_rules(provider, region, tags)
                    # What the table does not have is refused either way: a client asks the table first.
                    if given and right and given != right:
                        _set(known[region], tags, right)


def _by_rules(provider: EndpointProvider, region: str, tags: list[str]) -> str | None:
    try:
        found = provider.resolve_endpoint(Region=region, UseFIPS="fips" in tags, UseDualStack="dualstack" in tags)
    except EndpointProviderError:
        return None  # there is none
    return str(found.url).removeprefix("https://")


def _by_table(resolver: EndpointResolver, service: str, region: str, tags: list[str]) -> str | None:
    dualstack, fips = "dualstack" in tags, "fips" in tags
    try:
        found = resolver.construct_endpoint(service, region, use_dualstack_endpoint=dualstack, use_fips_endpoint=fips)
    except EndpointVariantError:
        return None
    return str(found["hostname"]) if found else None


def _set(endpoint: Document, tags: list[str], host: str) -> None:
    others = [variant for variant in endpoint.get("variants", []) if sorted(variant["tags"]) != tags]
    endpoint["variants"] = [*others, {"hostname": host, "tags": tags}]
