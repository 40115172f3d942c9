"""A listing in pages counts only if it did not change while it was read."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appointments.reconciliation.engage_answers import NotJsonError, Page, appointment_in, page_of
from appointments.reconciliation.engage_appointment import EngageAppointment
from appointments.reconciliation.engage_listing import LAST_PASSES, MOST_PAGES, PASSES, listing
from tests.unit.test_engage_appointment import DOCUMENTED

LIMIT = 5


class Served:
    """Rows in pages. ``change`` gets the number of the request and the rows, before each request."""

    def __init__(self, count: int, change: Callable[[int, list[str]], None] = lambda _, __: None) -> None:
        self.ids = [str(number) for number in range(count)]
        self.requests = 0
        self._change = change

    def page(self, offset: int) -> Page:
        self._change(self.requests, self.ids)
        self.requests += 1
        rows = tuple(EngageAppointment(b"", {"id": id_}) for id_ in self.ids[offset : offset + LIMIT])
        return Page(rows, offset, LIMIT, len(self.ids))


@given(st.integers(0, 60))
def test_rows_that_stand_still_are_all_found_in_one_pass(count: int) -> None:
    served = Served(count)
    rows = listing(served.page)
    assert rows.is_complete
    assert list(rows.appointments) == served.ids
    assert served.requests <= max(1, count / (LIMIT - 1) + 1)


@given(st.integers(0, 40), st.data())
def test_a_complete_listing_has_every_row_that_was_there_all_the_time(count: int, data: st.DataObject) -> None:
    """Rows move to the end, and new ones come at the begin, at any request."""
    moved: set[str] = set()

    def change(request: int, ids: list[str]) -> None:
        if request < 12 and ids and data.draw(st.booleans()):
            position = data.draw(st.integers(0, len(ids) - 1))
            moved.add(ids[position])
            ids.append(ids.pop(position))
        if request < 12 and data.draw(st.integers(0, 5)) == 0:
            ids.insert(0, f"new-{request}")

    served = Served(count, change)
    rows = listing(served.page)
    stayed = {id_ for id_ in served.ids if not id_.startswith("new") and id_ not in moved}
    assert not rows.is_complete or stayed <= rows.appointments.keys()


def test_a_row_that_goes_while_another_comes_does_not_hide_a_third() -> None:
    """The count stays the same, and as many distinct rows are found: only the overlap of the pages shows the shift."""

    def change(request: int, ids: list[str]) -> None:
        if request == 1:
            ids.remove("0")
            ids.append("new")

    served = Served(2 * LIMIT, change)
    rows = listing(served.page)
    assert rows.is_complete
    assert set(rows.appointments) == set(served.ids)
    assert served.requests > 3


def test_a_row_that_comes_while_the_pages_are_read_is_found_in_another_pass() -> None:
    served = Served(2 * LIMIT - 1, lambda request, ids: ids.append("new") if request == 1 else None)
    rows = listing(served.page)
    assert rows.is_complete
    assert set(rows.appointments) == set(served.ids)


@pytest.mark.parametrize(("can_be_split", "passes"), [(True, PASSES), (False, LAST_PASSES)])
def test_a_listing_that_never_stands_still_is_read_a_few_times(can_be_split: bool, passes: int) -> None:
    served = Served(2 * LIMIT, lambda _, ids: ids.append(ids.pop(0)))
    rows = listing(served.page, can_be_split=can_be_split)
    assert not rows.is_complete
    assert served.requests == 2 * passes
    assert rows.appointments


def test_a_long_listing_is_not_read_on_if_it_can_be_split() -> None:
    served = Served(MOST_PAGES * LIMIT + 1)
    assert not listing(served.page, can_be_split=True).is_complete
    assert served.requests == 1
    assert listing(served.page).is_complete


@pytest.mark.parametrize("total", [1, 100])
@pytest.mark.parametrize("limit", [0, 1])
def test_a_count_without_rows_ends(total: int, limit: int) -> None:
    row = EngageAppointment(b"", {"id": "1"})

    def page(offset: int) -> Page:
        return Page((row,) * limit, offset, LIMIT, total)

    assert listing(page).is_complete is (total == limit)


def test_a_page_shorter_than_the_overlap_ends() -> None:
    rows = [EngageAppointment(b"", {"id": str(number)}) for number in range(3)]

    def page(offset: int) -> Page:
        return Page(tuple(rows[offset : offset + 3]), offset, LIMIT, 9)

    assert not listing(page).is_complete


ROWS = (
    b'{"id" : "1",  "status":"A","start":null,"end":null,"updatedAt":"2026-03-02T09:00:00.000Z","meetingType":null,'
    b'"subject":null,"office":null,"appointmentParticipants":[ ],"x":1.10e400,"y":"\\u00e9 ]}","big":'
    + b"1" * 4000
    + b"}"
)


def test_a_row_keeps_the_bytes_of_the_api() -> None:
    meta = b'"meta": {"offset":0,"limit":25,"totalCount":1}'
    pages = [
        b'{"data":[' + ROWS + b"]," + meta + b"}",
        b'\xef\xbb\xbf{ "data" : [ ' + ROWS + b" ] , " + meta + b" }\n",
        b'{"z":[1,2],' + meta + b',"data":[' + ROWS + b"]}",
        b'{"data":[5],' + meta + b',"data":[' + ROWS + b"]}",
    ]
    for body in pages:
        page = page_of(body)
        assert [row.body for row in page.rows] == [ROWS]
        assert page.rows[0].document["id"] == "1"
    assert appointment_in(b'{"data": ' + ROWS + b" }").body == ROWS


def test_a_page_of_several_rows_is_cut_between_them() -> None:
    texts = [json.dumps(DOCUMENTED | {"id": str(number)}) for number in range(3)]
    body = f'{{"data": [{", ".join(texts)}], "meta": {{"offset": 0, "limit": 3, "totalCount": 9}}}}'
    page = page_of(body.encode())
    assert [row.body.decode() for row in page.rows] == texts
    assert (page.offset, page.limit, page.total) == (0, 3, 9)


@pytest.mark.parametrize("body", [b"", b"{", b'{"data": NaN}', b'"\xff"', b"[" * 100_000])
def test_what_is_no_json_is_told_from_another_shape(body: bytes) -> None:
    with pytest.raises(NotJsonError):
        page_of(body)
