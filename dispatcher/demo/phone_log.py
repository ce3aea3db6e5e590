"""The demo's telephone company: it writes down every call that a dialer begins, and knows nothing else."""

from dataclasses import dataclass
from datetime import datetime

from dispatcher.clock import Clock
from dispatcher.model.call import Call


@dataclass(frozen=True, slots=True)
class Begun:
    """A call as the telephone company saw it; `at` is UTC."""

    at: datetime
    job: str
    order: str
    campaign: str
    number: str


class PhoneLog:
    """Every begun call, in the order in which they were begun."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.begun: list[Begun] = []

    def begin(self, call: Call) -> None:
        """Write a call down."""
        self.begun.append(
            Begun(self._clock.now(), call.job, call.call_order_uuid, call.campaign_uuid, call.to_phone_number)
        )
