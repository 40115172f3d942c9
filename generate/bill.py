"""The monthly bill of a stack: counted quantities times list prices, with a few stated assumptions.

The quantities are budgets (tests/fixtures/budgets/bill.json) that tests compare with what the code does. The prices
are in generate/prices.json.
"""

from __future__ import annotations

import json
from math import ceil
from pathlib import Path
from typing import Any, NamedTuple

from local.template import Template

ROOT = Path(__file__).parents[1]
BUDGETS = ROOT / "tests" / "fixtures" / "budgets" / "bill.json"
PRICES = Path(__file__).parent / "prices.json"

MINUTES_A_MONTH = 730 * 60
GIGABYTE = 1_000_000_000
ROUND_TRIP_MS = 5.0
"""The assumed duration of a call to AWS, which Lambda bills."""
WHOLE_CPU_MB = 1769
"""The memory with which Lambda gives a function one whole CPU. Less memory means a proportional share."""
PERIOD_MS = 20.0
"""Lambda enforces the share in periods of this length (bench/share.py)."""
SHARDS = 4
"""The assumed shards of the table's stream: a new table on demand has four partitions."""
POLLS_A_MINUTE = 15
"""The assumed requests to the backlog queue: five pollers that wait for 20 seconds each."""
CACHE_MINUTES = 5
"""How long DynamoDB uses a table key, and WebhookFunction a secret, before they are read again."""
CALLERS = 3
"""The roles that use the table's key: the webhook, the backlog function and the stream."""
SECRET_VERSIONS = 2
START_UNITS = 2
"""The write units of the transaction that opens the table's connection at a start (docs/decisions/0031)."""
ANSWER_BYTES = 400
"""The assumed size of an answer with its headers."""


class Load(NamedTuple):
    """Deliveries a month, and the assumed shares of them that start an environment or open a connection again."""

    title: str
    deliveries: int
    starts: float
    reconnects: float


MILLION = Load("a million a month", 1_000_000, starts=0.01, reconnects=0.1)
DAILY = Load("1,000 a day", 30_000, starts=0.05, reconnects=1.0)
LOADS = (MILLION, DAILY)


class Options(NamedTuple):
    """What the bill depends on. The defaults are those of template.yaml."""

    indexes: bool = True
    platform_logs: bool = True
    traces: bool = False
    window_seconds: int = 0


DEFAULT = Options()


class Line(NamedTuple):
    """One line of the bill: ``dollars`` a month. A line that is ``fixed`` does not depend on the deliveries."""

    title: str
    dollars: float
    basis: str
    fixed: bool = False


class Bill:
    """The bill for these quantities and prices."""

    def __init__(
        self, budgets: dict[str, Any], prices: dict[str, Any], *, alarms: int, dashboards: int, memory_mb: int
    ) -> None:
        self._budgets = budgets
        self._prices = prices
        self._alarms = alarms
        self._dashboards = dashboards
        self._memory_mb = memory_mb

    def lines(self, load: Load, options: Options = DEFAULT) -> list[Line]:
        """Return the lines of a month."""
        return [*self._delivery(load, options), *self._publishing(load, options), *self._fixed()]

    def total(self, load: Load, options: Options = DEFAULT) -> float:
        return sum(line.dollars for line in self.lines(load, options))

    def kept(self, load: Load) -> float:
        """Return the price of each month that the table keeps the deliveries of one month."""
        gigabytes = load.deliveries * self._per_delivery("storedBytes") / GIGABYTE
        return self._cost("tableGigabyte", gigabytes) + self._cost("recoveryGigabyte", gigabytes)

    def provisioned(self) -> float:
        """Return the price of one environment that is kept started for a month."""
        return self._cost("provisionedGigabyteSecond", MINUTES_A_MONTH * 60 * self._memory_mb / 1024)

    def snapshot(self, load: Load) -> float:
        """Return the price of a snapshot of one version for a month, and of its starts."""
        gigabytes = self._memory_mb / 1024
        restored = self._cost("snapshotRestore", load.deliveries * load.starts * gigabytes)
        return restored + self._cost("snapshotGigabyteSecond", MINUTES_A_MONTH * 60 * gigabytes)

    def _delivery(self, load: Load, options: Options) -> list[Line]:
        count, life = load.deliveries, self._per_delivery
        log = self._bytes("webhookLog") + self._bytes("accessLog") + self._platform(options)
        steps, table, index = self._steps("body", 512 * 1024), life("tableUnits"), life("indexUnits") * options.indexes
        ms = self._webhook_ms(load)
        stored = life("storedBytes")
        return [
            Line("API Gateway", self._cost("apiRequest", count * steps), f"{steps} step of 512 KB a delivery"),
            Line("Lambda, webhook: requests", self._cost("lambdaRequest", count), "1 a delivery"),
            Line("Lambda, webhook: duration", self._duration(count * ms), f"{ms:.1f} ms a delivery"),
            Line("DynamoDB: table", self._cost("writeUnit", count * table), f"{table:.2f} write units a delivery"),
            Line(
                "DynamoDB: starts",
                self._cost("writeUnit", count * load.starts * START_UNITS),
                f"{START_UNITS} write units a start",
            ),
            Line("DynamoDB: indexes", self._cost("writeUnit", count * index), f"{index:.2f} write units a delivery"),
            Line("DynamoDB: storage and recovery", self.kept(load), f"{stored / 1000:.1f} KB a delivery, first month"),
            Line("CloudWatch Logs, webhook and API", self._logs(count * log), f"{log} bytes a delivery"),
            Line("data to the internet", self._cost("gigabyteOut", count * ANSWER_BYTES / GIGABYTE), "the answers"),
        ]

    def _publishing(self, load: Load, options: Options) -> list[Line]:
        count, invocations = load.deliveries, load.deliveries / _batch(load, options.window_seconds)
        steps = self._steps("message", 64 * 1024)
        ms = self._share_ms("publisherInvocation") + ROUND_TRIP_MS * (1 + load.reconnects) + self._start_ms(load)
        log, event = self._bytes("publisherLog") + self._platform(options), self._bytes("publishedEventLog")
        traces = (count + invocations) * options.traces
        return [
            Line("EventBridge", self._cost("busEvent", count * steps), f"{steps} step of 64 KB a delivery"),
            Line("Lambda, publisher: requests", self._cost("lambdaRequest", invocations), "1 an event"),
            Line("Lambda, publisher: duration", self._duration(invocations * ms), f"{ms:.1f} ms an invocation"),
            Line(
                "CloudWatch Logs, publisher",
                self._logs(invocations * log + count * event),
                f"{log} bytes an invocation and {event} an event",
            ),
            Line("X-Ray", self._cost("trace", traces), "Tracing=PassThrough"),
        ]

    def _fixed(self) -> list[Line]:
        metrics, boards = sum(self._budgets["metrics"].values()), self._dashboards
        polls = POLLS_A_MINUTE * MINUTES_A_MONTH
        reads, keys = (number * MINUTES_A_MONTH / CACHE_MINUTES for number in (SECRET_VERSIONS, CALLERS))
        secret = self._cost("secret", 1) + self._cost("secretCall", reads)
        return [
            Line("CloudWatch: custom metrics", self._cost("metric", metrics), f"{metrics}", fixed=True),
            Line("CloudWatch: alarms", self._cost("alarm", self._alarms), f"on {self._alarms} metrics", fixed=True),
            Line("CloudWatch: dashboards", self._cost("dashboard", boards), f"{boards}", fixed=True),
            Line("Secrets Manager", secret, f"1 secret, {reads:,.0f} calls", fixed=True),
            Line("SQS: polling the backlog", self._cost("queueRequest", polls), f"{polls:,} requests", fixed=True),
            Line("KMS: key of the table", self._cost("keyRequest", keys), f"{keys:,.0f} requests", fixed=True),
        ]

    def _webhook_ms(self, load: Load) -> float:
        """Return the billed time of a delivery, with its part of starts and of connections that are opened again."""
        delivery = self._share_ms("delivery") + ROUND_TRIP_MS
        reconnect = self._share_ms("reconnect") - self._share_ms("delivery") + ROUND_TRIP_MS
        return delivery + load.reconnects * reconnect + self._start_ms(load)

    def _start_ms(self, load: Load) -> float:
        """Return the part of a start in an invocation. Lambda runs a start on a whole CPU."""
        return float(load.starts * self._budgets["cpuMs"]["start"])

    def _share_ms(self, name: str) -> float:
        """Return how long this CPU time takes at the function's share of a CPU.

        Lambda lets a function run until its part of a period is used up, then stops it until the period ends.
        """
        cpu = self._budgets["cpuMs"][name]
        part = PERIOD_MS * min(1.0, self._memory_mb / WHOLE_CPU_MB)
        full_periods = ceil(cpu / part) - 1
        return float(full_periods * PERIOD_MS + cpu - full_periods * part)

    def _duration(self, milliseconds: float) -> float:
        return self._cost("lambdaGigabyteSecond", milliseconds / 1000 * self._memory_mb / 1024)

    def _logs(self, size: float) -> float:
        return self._cost("logGigabyte", size / GIGABYTE)

    def _platform(self, options: Options) -> int:
        return self._bytes("platformLog") * options.platform_logs

    def _steps(self, name: str, size: int) -> int:
        return ceil(self._bytes(name) / size)

    def _bytes(self, name: str) -> int:
        return int(self._budgets["bytes"][name])

    def _per_delivery(self, name: str) -> float:
        life = self._budgets["life"]
        return float(life[name] / life["deliveries"])

    def _cost(self, price: str, quantity: float) -> float:
        return float(self._prices[price]["dollars"] * quantity / self._prices[price]["units"])


def current() -> Bill:
    """Return the bill for the committed budgets and prices."""
    template = Template()
    budgets = json.loads(BUDGETS.read_text(encoding="utf-8"))
    return Bill(
        budgets,
        prices()["prices"],
        alarms=sum(map(alarm_metrics, template.existing("AWS::CloudWatch::Alarm"))),
        dashboards=len(template.existing("AWS::CloudWatch::Dashboard")),
        memory_mb=template.function("WebhookFunction").memory_mb,
    )


def alarm_metrics(alarm: dict[str, Any]) -> int:
    """Return how many metrics an alarm reads: each is billed, and an expression of metrics reads several."""
    return max(1, sum("MetricStat" in query for query in alarm.get("Metrics", [])))


def prices() -> dict[str, Any]:
    """Return the price table: region, date, and each price with its unit and source."""
    return dict(json.loads(PRICES.read_text(encoding="utf-8")))


def _batch(load: Load, window_seconds: int) -> float:
    """Return the events of an invocation, if the deliveries arrive evenly over the month and the shards."""
    return 1 + load.deliveries / (MINUTES_A_MONTH * 60) * window_seconds / SHARDS
