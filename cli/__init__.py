"""``appointments``: what an operator does with a deployed stack, from a shell. See docs/operations.md."""
