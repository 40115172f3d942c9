"""What the functions write: lines in the embedded CloudWatch Logs, their metrics in the embedded CloudWatch."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from threading import Lock
from typing import Any

from moto.cloudwatch.models import CloudWatchBackend
from moto.logs.models import LogsBackend

from local.emf import Datum, datum_now, metric_data

LINES, DATA = 20_000, 100_000
"""At most this many lines of a log stream and data of metrics are kept, so that a long run does not fill the memory."""


class FunctionLogs:
    """Takes the lines of every function. ``groups`` has the name of each function's log group.

    ``show`` gets each line too, with the function's logical id.
    """

    def __init__(
        self,
        groups: Mapping[str, str],
        logs: LogsBackend,
        metrics: CloudWatchBackend,
        show: Callable[[str, str], None],
    ) -> None:
        self._groups = groups
        self._logs = logs
        self._metrics = metrics
        self._show = show
        self._lock = Lock()

    def add(self, function: str, stream: str, lines: Sequence[str]) -> None:
        """Add the lines of an execution environment, whose log stream is ``stream``."""
        with self._lock:
            self._keep(self._groups[function], stream, lines)
            for line in lines:
                for namespace, datum in metric_data(decoded(line)):
                    self._put(namespace, datum)
                self._show(function, line)

    def _keep(self, group: str, stream: str, lines: Sequence[str]) -> None:
        streams = self._logs.groups[group].streams
        if stream not in streams:
            self._logs.create_log_stream(group, stream)
        now = int(time.time() * 1000)
        self._logs.put_log_events(group, stream, [{"timestamp": now, "message": line} for line in lines])
        del streams[stream].events[:-LINES]

    def measure(self, namespace: str, name: str, value: float, **dimensions: str) -> None:
        """Add a metric that a service of AWS would write: ``measure("AWS/Lambda", "Errors", 1, FunctionName="f")``."""
        with self._lock:
            self._put(namespace, datum_now(name, value, dimensions))

    def _put(self, namespace: str, datum: Datum) -> None:
        self._metrics.put_metric_data(namespace, [datum])
        del self._metrics.metric_data[:-DATA]


def decoded(line: str) -> Mapping[str, Any]:
    """Return the members of a line in JSON, or none for another line, such as one of a traceback."""
    try:
        document = json.loads(line)
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}
