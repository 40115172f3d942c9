"""Faults on purpose: a proxy that injects them, the real stack behind it, and the sender that delivers again."""

SECONDS_HEADER = "x-test-answered-after"
"""The header in which WebhookFunction says how long it took, where :mod:`tests.faults.timed` is around it."""
