"""Events as EventBridge delivers them, built from deliveries that tests make or hypothesis draws."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import strategies as st

from appointments.errors import ContractError
from appointments.publishing.messages import EventDetail, Replay, message
from appointments.storage import items
from samples.bus import ACCOUNT, REGION, REPLAY, SOURCE
from tests.builders import body, received
from tests.unit.test_contract_schema import deliveries, deliveries_beyond_limits, mutated_deliveries
from tests.unit.test_contract_tolerant import deliveries_of_a_new_release, deliveries_with_another_change

PUBLICATION = "6a7e8feb-b491-4cf7-a9f1-bf3703467718"


def published(document: Any, form: EventDetail = EventDetail.FULL, *, replay: Replay | None = None) -> Any:
    """Return the event that a target of a rule gets of a delivery. Raises ContractError if it is refused."""
    return of_item(items.event_item(received(body(document))), form, replay=replay)


def of_item(item: Any, form: EventDetail = EventDetail.FULL, *, replay: Replay | None = None, load: Any = None) -> Any:
    """Return the event that a target of a rule gets of an event item."""
    built = message(item, source=SOURCE, event_detail=form, replay=replay, load=load)
    return {
        "version": "0",
        "id": PUBLICATION,
        "detail-type": built.detail_type,
        "source": SOURCE,
        "account": ACCOUNT,
        "time": "2026-03-02T09:00:02Z",
        "region": REGION,
        "resources": [],
        "detail": json.loads(built.detail),
    }


@st.composite
def published_events(draw: st.DrawFn) -> Any:
    """Generate events of legal, limit-breaking and tolerated deliveries, in both forms, first and published again."""
    kind = draw(
        st.sampled_from(
            [
                deliveries,
                deliveries_beyond_limits,
                deliveries_of_a_new_release,
                deliveries_with_another_change,
                mutated_deliveries,
            ]
        )
    )
    document = draw(kind())
    try:
        return published(document, draw(st.sampled_from(EventDetail)), replay=draw(st.sampled_from((None, REPLAY))))
    except ContractError:  # a mutation can take what keys, orders or routes
        return published(draw(deliveries()), draw(st.sampled_from(EventDetail)))
