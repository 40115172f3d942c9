"""``appointments``: what an operator does by hand, from a shell."""
