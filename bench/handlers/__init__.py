"""What the functions are measured beside. The bench copies this folder into packages with what they need."""
