"""What the demo has to say at its end."""

import sys
from dataclasses import dataclass
from typing import Any

import orjson

from dispatcher.demo.audit import Audit


@dataclass(frozen=True, slots=True)
class Summary:
    """The figures of one run."""

    seconds: float
    campaigns: int
    orders: int
    queued: int
    begun: int
    finished: dict[str, int]
    audit: Audit

    @property
    def ok(self) -> bool:
        """Tell whether calls were placed and every promise was kept."""
        return self.audit.clean and self.begun > 0

    def document(self) -> dict[str, Any]:
        """Return the summary for tools."""
        return {
            "ok": self.ok,
            "seconds": round(self.seconds, 1),
            "campaigns_mirrored": self.campaigns,
            "orders_mirrored": self.orders,
            "calls_queued": self.queued,
            "calls_begun": self.begun,
            "calls_finished": self.finished,
            "duplicates": len(self.audit.duplicates),
            "lost": len(self.audit.lost),
            "outside_hours": len(self.audit.outside_hours),
            "violations": [*self.audit.duplicates, *self.audit.lost, *self.audit.outside_hours],
        }


def show(summary: Summary, output: str) -> None:
    """Print the summary to standard output, as one JSON document or as lines for people."""
    document = summary.document()
    if output == "json":
        sys.stdout.write(orjson.dumps(document, option=orjson.OPT_INDENT_2).decode() + "\n")
        return
    finished = summary.finished
    by_outcome = ", ".join(f"{outcome} {number}" for outcome, number in sorted(finished.items())) or "none"
    lines = [
        "",
        f"Summary after {summary.seconds:.0f} s",
        f"  campaigns mirrored   {summary.campaigns} (with {summary.orders} orders)",
        f"  calls queued         {summary.queued}",
        f"  calls finished       {sum(finished.values())} ({by_outcome})",
        f"  duplicates           {document['duplicates']}",
        f"  lost                 {document['lost']}",
        f"  outside hours        {document['outside_hours']}",
        *(f"  ! {violation}" for violation in document["violations"][:20]),
        "  No call was placed, which is not as it should be." if summary.begun == 0 else "",
    ]
    sys.stdout.write("\n".join(line for line in lines if line or line == lines[0]) + "\n")
