"""What every loop works with."""

from collections.abc import Callable
from dataclasses import dataclass

from dispatcher.api.client import Platform
from dispatcher.clock import Clock
from dispatcher.hopper.outcomes import Outcomes
from dispatcher.hopper.queue import Queue
from dispatcher.hopper.watch import Watch
from dispatcher.loops.book import Book
from dispatcher.mirror.database import Database
from dispatcher.rules.retry import RetryPolicy
from dispatcher.settings import Settings


@dataclass(slots=True)
class Context:
    """The parts of one daemon. `nudge` asks for a loop's next turn at once, by the loop's name."""

    settings: Settings
    clock: Clock
    database: Database
    platform: Platform
    queue: Queue
    watch: Watch
    outcomes: Outcomes
    book: Book
    epoch: int
    nudge: Callable[[str], None]

    def retry_policy(self) -> RetryPolicy:
        """Return the policy that the settings describe."""
        return self.settings.retries.policy()
