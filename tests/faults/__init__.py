"""Fault injection: a proxy between the real stack and AWS, and a sender that retries its deliveries."""

SECONDS_HEADER = "x-test-answered-after"
"""The response header for the seconds that WebhookFunction took. :mod:`tests.faults.timed` adds it."""
