"""The reference handlers. The benchmark copies this folder into packages with their dependencies."""
