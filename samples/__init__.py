"""The sample deliveries: a bank's appointments of one month, told in the order they are delivered.

``SAMPLES`` is the story with the answer that each delivery must get. ``python -m samples`` writes it to
``events/``: as plain bodies, as API Gateway events, as stream batches and as the messages that consumers get.

Everything in it is invented: people, streets, telephone numbers, tokens; every address is of example.com.
"""

from samples.sample import TOKEN, Sample
from samples.story import SAMPLES

__all__ = ["SAMPLES", "TOKEN", "Sample"]
