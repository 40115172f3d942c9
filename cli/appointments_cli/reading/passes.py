"""The passes of ReconcileFunction, from the lines of its log: when the last one ended, and what it found."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from appointments_cli.options import Window
from appointments_cli.reading import loglines
from appointments_cli.target import Target

MISSED = ("missing", "behind", "differs")
"""The verdicts of an appointment whose delivery never arrived, or arrived with other content."""
SETTLED = ("repaired", "known", "overtaken")
"""The results of a repair after which the table has what Engage has."""
ENDS = ("complete", "unsure")
"""The outcomes of a run that judged the whole window. The next run begins a new pass."""


class Run(NamedTuple):
    """One run. ``outcome`` is one of ``complete``, ``unsure``, ``continues``, ``busy`` and ``failed``.

    ``verdicts`` and ``repairs`` have the number of each. ``problem`` says why a run did not end the pass.
    """

    at: str
    outcome: str
    verdicts: Counter[str]
    repairs: Counter[str]
    problem: str


class Pass(NamedTuple):
    """A pass over the whole window, of one or more runs. ``at`` is when it ended."""

    at: str
    outcome: str
    verdicts: Counter[str]
    repairs: Counter[str]

    @property
    def missed(self) -> int:
        return sum(self.verdicts[each] for each in MISSED)

    @property
    def unmended(self) -> int:
        """How many of the missed appointments still need a repair."""
        return self.missed - sum(self.repairs[each] for each in SETTLED)


def runs(target: Target, window: Window) -> list[Run]:
    """Return the runs of a time, the oldest first. Raises NoLogsError."""
    group = loglines.GROUPS["reconcile"]
    found = (_run(at, text) for _, at, text in loglines.messages(target, group, window, '"outcome"'))
    return sorted((run for run in found if run is not None), key=lambda run: run.at)


def ended(found: Iterable[Run]) -> Iterator[Pass]:
    """Yield the passes that ended, each with what all of its runs found."""
    verdicts: Counter[str] = Counter()
    repairs: Counter[str] = Counter()
    for run in found:
        verdicts += run.verdicts
        repairs += run.repairs
        if run.outcome in ENDS:
            yield Pass(run.at, run.outcome, verdicts, repairs)
            verdicts, repairs = Counter(), Counter()


def _run(at: str, text: str) -> Run | None:
    try:
        line = json.loads(text)
        if line.get("message") != "reconcile":
            return None
        return Run(at, str(line["outcome"]), _counts(line, "verdicts"), _counts(line, "repairs"), _problem(line))
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def _counts(line: dict[str, Any], name: str) -> Counter[str]:
    return Counter({str(key): int(count) for key, count in line.get(name, {}).items()})


def _problem(line: dict[str, Any]) -> str:
    return str(line.get("problem", ""))
