"""How often a process that reads by the hundred thousand looks for garbage."""

import gc

_NEW_OBJECTS = 10_000
"""A page of the platform makes some hundreds, none of them part of a cycle; the language looks at every 700."""


def spare_the_modules() -> None:
    """Never look at what is there already, and seldom at what is new: both took a fifth of a long sync pass.

    Called where a process begins its work, after the imports: the modules stay for good.
    """
    gc.freeze()
    gc.set_threshold(_NEW_OBJECTS, *gc.get_threshold()[1:])
