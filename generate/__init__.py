"""Generators for the files that are made from code. ``make generate`` writes all of them."""
