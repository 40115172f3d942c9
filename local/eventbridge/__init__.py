"""EventBridge on this machine: how rules match events, and what their targets get."""
