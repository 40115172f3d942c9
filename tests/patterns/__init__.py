"""Random cases for two engines of event patterns: the local stack's and ministack's."""
