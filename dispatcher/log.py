"""Structured logs on standard error: JSON for machines, coloured lines on a terminal."""

import logging
import sys
from typing import Literal

import structlog

Format = Literal["json", "console"]


def configure(level: str = "info", format_: Format | None = None) -> None:
    """Send all logs to standard error, at `level` and above.

    Without a format, a terminal gets `console` and anything else `json`. Standard output stays free for documents.
    """
    chosen = format_ or ("console" if sys.stderr.isatty() else "json")
    number = logging.getLevelNamesMapping()[level.upper()]
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    last: list[structlog.typing.Processor] = (
        # Local variables of a traceback would put people's numbers and names into the log.
        [
            structlog.processors.ExceptionRenderer(structlog.tracebacks.ExceptionDictTransformer(show_locals=False)),
            structlog.processors.JSONRenderer(),
        ]
        if chosen == "json"
        else [
            structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback)
        ]
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(number),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(number)
    # These tell of every request and every wake-up, which is noise at the level that operators run with.
    for chatty in ("httpx", "httpcore", "apscheduler", "uvicorn.access", "uvicorn.error", "asyncio", "alembic"):
        logging.getLogger(chatty).setLevel(max(number, logging.WARNING))


def logger(name: str) -> structlog.stdlib.BoundLogger:
    """Return the logger of one part of the daemon."""
    bound: structlog.stdlib.BoundLogger = structlog.get_logger(name)
    return bound
