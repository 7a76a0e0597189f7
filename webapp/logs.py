"""JSON logs: one line an event, control characters escaped, every field bounded."""
import json
import logging
import sys
from collections.abc import MutableMapping
from datetime import UTC, datetime
from typing import Any

import structlog

FIELD_LIMIT = 512
TRACE_LIMIT = 8_000  # of our own making, and its end is what tells


def bound_fields(_logger: object, _method: str, event: MutableMapping[str, Any]) -> dict[str, Any]:
    """Cut long text: a 1 MB header must not become a 1 MB log line."""
    return {key: _bounded(key, value) for key, value in event.items()}


def _bounded(key: str, value: Any) -> Any:
    if not isinstance(value, str):
        return value
    return value[-TRACE_LIMIT:] if key == "exception" else value[:FIELD_LIMIT]


def configure(stream=None) -> None:
    """Called once by each process's entry (wsgi, worker), never at import."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            bound_fields,
            structlog.processors.JSONRenderer(),  # escapes control characters; ASCII, so no bidi tricks either
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(stream or sys.stderr),
        cache_logger_on_first_use=True,
    )


class PlainRecordAsJson(logging.Formatter):
    """Records of libraries that log by the standard library (gunicorn), in the same shape."""

    def format(self, record: logging.LogRecord) -> str:
        event = {"event": record.getMessage(), "logger": record.name, "level": record.levelname.lower(),
                 "timestamp": datetime.fromtimestamp(record.created, UTC).isoformat()}
        if record.exc_info:
            event["exception"] = self.formatException(record.exc_info)
        return json.dumps(bound_fields(None, "", event))


log = structlog.get_logger()
