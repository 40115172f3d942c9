"""Code that calls ``interrupt()`` where the interpreter drops an exception."""

from __future__ import annotations

CALLBACKS = {
    "weakref callback": """
import weakref
class Thing: pass
thing = Thing()
reference = weakref.ref(thing, interrupt)
del thing
""",
    "gc callback": """
import gc
gc.callbacks.append(interrupt)
gc.collect()
""",
    "__del__": """
class Thing: __del__ = interrupt
Thing()
""",
}
"""By name. The code expects a function ``interrupt`` that takes any arguments."""
