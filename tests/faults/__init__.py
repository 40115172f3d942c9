"""Faults on purpose: a proxy that injects them, the real stack behind it, and the sender that delivers again."""
