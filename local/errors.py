"""The error that ends a start with one line."""


class StartError(Exception):
    """The stack cannot start. The message says what happened, then what to do."""
