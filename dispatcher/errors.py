"""The faults that are expected, by what to do about them.

The edges translate a library's errors into these and chain the cause. Each message is one sentence that names the
object or the setting, so that the command line can print it as it is.
"""


class DispatcherError(Exception):
    """An expected fault; its text is the sentence that a person reads."""


class ConfigurationError(DispatcherError):
    """What was asked for or configured is wrong: exit code 2, and trying again changes nothing.

    `faults` holds every fault found, one sentence each.
    """

    def __init__(self, *faults: str) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


class TransientError(DispatcherError):
    """Something outside did not answer or answered nonsense; trying again may help."""


class PermanentError(DispatcherError):
    """Something outside refused, and will refuse again until a person acts (a wrong token, say)."""


class NotFoundError(PermanentError):
    """The named object does not exist."""


class LostHopperError(TransientError):
    """Redis has forgotten what the mirror believes to be there: nothing may be queued on it until it is settled."""

    def __init__(self, phone: str) -> None:
        super().__init__(f"Redis has forgotten the queue of phone {phone}, or somebody has changed its keys by hand")
        self.phone = phone


class DeposedError(PermanentError):
    """A later dispatcher has taken over, or the database is another one than before: this dispatcher must stop."""
