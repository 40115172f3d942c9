"""The command ``appointments``, with which an operator works on a deployed stack. See docs/operations.md."""
