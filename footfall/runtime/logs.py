"""The log of the processes that serve: on stderr, a line for people or, for programs, a JSON object a line."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime
from typing import Any, Literal

LogFormat = Literal["text", "json"]

_FORMATS: dict[LogFormat, dict[str, str]] = {
    "text": {"format": "%(asctime)s %(levelname)s %(name)s[%(process)d] %(message)s"},
    "json": {"()": "footfall.runtime.logs.JsonLines"},
}


class JsonLines(logging.Formatter):
    """``time`` (RFC 3339, UTC), ``level``, ``logger``, ``process``, ``message``, ``exception`` where there is one."""

    def format(self, record: logging.LogRecord) -> str:
        """One record as one line."""
        fields: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "process": record.process,
            "message": record.getMessage(),
        }
        if record.exc_info:
            fields["exception"] = self.formatException(record.exc_info)
        return json.dumps(fields, ensure_ascii=False)


def log_config(kind: LogFormat) -> dict[str, Any]:
    """For ``logging.config.dictConfig``, and for granian, so that the server's own lines look the same."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": _FORMATS[kind]},
        "handlers": {
            "console": {"class": "logging.StreamHandler", "formatter": "line", "stream": "ext://sys.stderr"}
        },
        "root": {"handlers": ["console"], "level": "WARNING"},
        "loggers": {"footfall": {"level": "INFO"}},
    }
