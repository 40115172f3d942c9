"""Data of metrics: those of a log line in CloudWatch's embedded metric format, and those of a service."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

Datum = dict[str, Any]


def datum_now(name: str, value: float, dimensions: Mapping[str, str]) -> Datum:
    """Return the datum (of PutMetricData) of a value that is measured now."""
    return {
        "MetricName": name,
        "Dimensions": [{"Name": key, "Value": text} for key, text in dimensions.items()],
        "Timestamp": datetime.now(UTC).replace(tzinfo=None),  # as moto compares them
        "Values": [value],
    }


def metric_data(line: Mapping[str, Any]) -> Iterator[tuple[str, Datum]]:
    """Yield the namespace and the datum (of PutMetricData) of each metric, for each of its sets of dimensions.

    The timestamp is in UTC, without a time zone.
    """
    block = line.get("_aws")
    if not isinstance(block, dict):
        return
    timestamp = datetime.fromtimestamp(block["Timestamp"] / 1000, UTC).replace(tzinfo=None)  # as moto compares them
    for directive in block["CloudWatchMetrics"]:
        for names in directive["Dimensions"]:
            dimensions = [{"Name": name, "Value": str(line[name])} for name in names]
            for metric in directive["Metrics"]:
                values = line[metric["Name"]]
                yield (
                    directive["Namespace"],
                    {
                        "MetricName": metric["Name"],
                        "Dimensions": dimensions,
                        "Timestamp": timestamp,
                        "Unit": metric.get("Unit", "None"),
                        "Values": values if isinstance(values, list) else [values],
                    },
                )
