"""The sample deliveries: one month of a bank's appointments, in the order of delivery.

``SAMPLES`` holds each delivery with the answer that it must get. ``make generate`` writes them to ``events/``: as plain
bodies, API Gateway events, backlog batches, stream batches and published messages.

All data is invented: people, streets, telephone numbers, tokens. Every address is in example.com.
"""

from samples.sample import TOKEN, Sample
from samples.story import SAMPLES, WITHHELD

__all__ = ["SAMPLES", "TOKEN", "WITHHELD", "Sample"]
