"""The time plan: every limit of time, in seconds.

The sender abandons its first attempt after 3 s, retries after 2 s and after 10 s, and then gives up (docs/contract.md,
"Delivery"). The webhook therefore answers within ANSWER of the moment that API Gateway took the request::

    0                                      ANSWER - FALLBACK     ANSWER       SENDER
    |-- authenticate -- parse -- store -----------|-- backlog -----|-- network --|

A stage that overruns takes time from the stages behind it, but never the minimum that is stated for them.
"""

from __future__ import annotations

from typing import NamedTuple


class CallTimeouts(NamedTuple):
    """The limits of one SDK call: ``connect`` and ``read`` bound each silence on the socket, not the whole call."""

    connect: float
    read: float
    attempts: int


# --- WebhookFunction
SENDER = 3.0
"""The time that the sender waits for the answer to its first attempt."""
ANSWER = 2.6
"""The part of SENDER that is ours; the network has the rest."""
LEAST_ANSWER = 1.2
"""The minimum for one delivery, also after a cold start that used most of ANSWER: the delivery is stored even when
the sender no longer waits."""
FALLBACK = 1.0
"""The time that the store leaves for the backlog."""
LEAST_STORE = 0.4
"""The minimum for the store, however late it starts."""
WEBHOOK_CALL = CallTimeouts(connect=0.5, read=0.8, attempts=2)
"""A call that meets silence fails early enough for one retry or for the fallback."""

SECRET_READ = 1.2
"""Both versions of the secret together."""
SECRET_CALL = CallTimeouts(connect=0.4, read=0.6, attempts=1)
"""One attempt: the keys in memory bridge an outage, and the sender retries."""
SECRET_FRESH = 300.0
"""The age at which a complete read of the secret is repeated: a rotation takes effect within it."""
SECRET_PAUSE = 10.0
"""The minimum between two reads. It is less than the 12 s that the sender's attempts span, so at least one attempt
is judged by a read that is newer than the first attempt: a rotation loses no delivery."""
SECRET_FIRST_PAUSE = 1.0
"""As above, while no key is known and every delivery is refused."""

OPEN_TABLE = 0.3
"""The wait of a start for its connection to the table. Without it, the first delivery opens one."""

# --- Store: pauses after a transaction conflict, doubled each time, with jitter
CONFLICT_FIRST_PAUSE, CONFLICT_LONGEST_PAUSE = 0.010, 0.200

# --- BacklogFunction
BACKLOG_DELIVERY = 5.0
"""One delivery of a batch."""
BACKLOG_CALL = CallTimeouts(connect=1, read=3, attempts=2)

# --- PublisherFunction
PUBLISHER_MARGIN = 3.0
"""The part of the invocation that is left for reporting. A function that reaches Lambda's timeout reports nothing,
and the whole batch is published again."""
PUBLISHER_CALL = CallTimeouts(connect=2, read=10, attempts=1)
"""One attempt: the publication itself retries, entry by entry."""
PUBLISHER_WHOLE_CALL = 13.0
"""Bounds a call as a whole, including name resolution and an answer that trickles in."""
PUBLISHER_LEAST_CALL = 1.0
"""The publisher starts no call with less time left: a call that is cut short may have succeeded unnoticed."""
PUBLISH_FIRST_PAUSE, PUBLISH_LONGEST_PAUSE = 0.1, 5.0
"""Pauses before an event is tried again, doubled each time, with jitter."""

# --- ReconcileFunction
REPAIR = 10.0
"""One repair."""
RECONCILE_CALL = CallTimeouts(connect=2, read=10, attempts=3)
RECONCILE_MARGIN = 30.0
"""The part of the invocation that is left for the last call to the API, a repair and the report."""
