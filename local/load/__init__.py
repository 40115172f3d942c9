"""A load test: concurrent senders at full speed with duplicates and reordering, then a check of every promise.

``python -m local.load`` prints and writes the result. ``make load`` runs it for a minute.
"""
