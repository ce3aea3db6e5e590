"""What every section of the configuration is: its keys with their types, defaults and descriptions.

A key that must agree with another stands below it and looks at it, so that each disagreement is a fault of its own
beside all the others; a key that is faulty itself is not there to be compared with.
"""

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """A table of the configuration file; nothing in it changes once it has been read."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True, hide_input_in_errors=True)
