"""What happens to one message of the backlog."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from appointments.contract import instants
from appointments.contract.mode import ContractMode
from appointments.contract.parsing import parse_envelope
from appointments.errors import (
    BodyLostError,
    BodyUnavailableError,
    ContractError,
    MalformedBodyError,
    QuarantineUnavailableError,
    StoreRefusedError,
    StoreUnavailableError,
    UndeliverableError,
)
from appointments.storage.backlog import Deferred, decode
from appointments.storage.items import Delivery, expires_at
from appointments.storage.quarantine import Quarantine, Reason
from appointments.storage.store import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable

    from appointments.contract.violations import Violation
    from appointments.storage.bodies import Bodies
    from appointments.storage.store import Store

QUARANTINED = "quarantined"
PATIENCE = 5
"""So many times a message may fail in a way that no outage explains; an outage is waited for as long as it takes."""


class Storing:
    """``report`` is told why a message ends in quarantine, in words that quote nothing."""

    def __init__(
        self,
        store: Store,
        quarantine: Quarantine,
        bodies: Bodies,
        *,
        mode: ContractMode,
        history_retention_days: int,
        report: Callable[[str], None],
    ) -> None:
        self._store = store
        self._quarantine = quarantine
        self._bodies = bodies
        self._mode = mode
        self._history_retention_days = history_retention_days
        self._report = report

    def store(self, message: str, receives: int) -> str:
        """The store's outcome, or ``quarantined``. ``receives`` is how often the queue has handed the message out.

        Raises StoreUnavailableError, BodyUnavailableError or QuarantineUnavailableError: the message must come again.
        """
        deferred = Deferred(message.encode("utf-8", "surrogatepass"), instants.now())  # all there is, if it is not ours
        try:
            deferred = decode(message, self._bodies.get)
            return self._save(deferred)
        except MalformedBodyError as error:
            return self._keep(deferred, Reason.MALFORMED, str(error))
        except ContractError as error:
            return self._keep(deferred, Reason.CONTRACT, str(error), error.violations)
        except (UndeliverableError, BodyLostError) as error:
            return self._keep(deferred, Reason.UNDELIVERABLE, str(error))
        except StoreRefusedError as error:
            return self._after_patience(deferred, receives, str(error))
        except (StoreUnavailableError, BodyUnavailableError, QuarantineUnavailableError):
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, it must not go round for ever
            return self._after_patience(deferred, receives, type(error).__name__)

    def _after_patience(self, deferred: Deferred, receives: int, problem: str) -> str:
        if receives < PATIENCE:
            raise StoreRefusedError(problem)
        return self._keep(deferred, Reason.UNDELIVERABLE, problem)

    def _save(self, deferred: Deferred) -> str:
        parsed = parse_envelope(deferred.body, self._mode)
        delivery = Delivery(
            body=deferred.body,
            envelope=parsed.envelope,
            violations=parsed.violations,
            received_at=deferred.received_at,
            # Counted from now: what waited in the backlog is not to expire before it was of use.
            expires_at=expires_at(self._history_retention_days, time.time()),
        )
        outcome = self._store.save(delivery)
        if outcome is Outcome.CONFLICT:
            return self._keep(deferred, Reason.CONFLICTING_DUPLICATE, "its envelope id has other content")
        return outcome.value

    def _keep(self, deferred: Deferred, reason: Reason, problem: str, violations: tuple[Violation, ...] = ()) -> str:
        self._report(problem)
        self._quarantine.keep(deferred.body, reason, received_at=deferred.received_at, violations=violations)
        return QUARANTINED
