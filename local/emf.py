"""The metrics of a log line in CloudWatch's embedded metric format, as CloudWatch extracts them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

Datum = dict[str, Any]


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
