"""Imported last by the process that those of this suite are forked from."""

import gc

from tests.fault.crashing import about_to_start, die_with_parent

# Its children hold open what it would notice the end of its parent by, and they end with it.
die_with_parent()
about_to_start()

# What was loaded until now is never garbage. To look through it once more would cost each child 0.1 s, which is as much
# as all the rest of its start.
gc.freeze()
