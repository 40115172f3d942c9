"""A stand-in for the vendor's API on this machine.

It is written from the vendor's pages as docs/reconciliation.md lists them, and not from the API itself. What the pages
do not say is a switch (:mod:`.switches`); failures come on demand (:mod:`.faults`).
"""
