"""The benchmark: the built functions beside reference handlers, under Lambda's runtime interface client.

All handlers run interleaved in one run. Only the ratios within a run carry over to other machines; the milliseconds do
not. ``make bench`` builds the functions, runs ``python -m bench`` and updates docs/performance.md.
"""
