"""Load: many senders at full speed with duplicates and reordering, then every promise checked.

``python -m local.load`` prints and writes what it came to; ``make load`` runs it for a minute.
"""
