"""The built functions under the real runtime client, measured beside reference handlers in one interleaved run.

``python -m bench`` prints, writes and draws what came of it; ``make bench`` builds first. Ratios within one run
are all that is claimed: the milliseconds are of the machine it ran on.
"""
