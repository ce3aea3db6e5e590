"""Imported last by the process that those of this suite are forked from.

What was loaded until then is never garbage. To look through it once more would cost each of them 0.1 s, which is as
much as all the rest of its start.
"""

import gc

gc.freeze()
