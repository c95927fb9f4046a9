"""What dbt works out of the project, and of its own classes, kept from one process to the next.

dbt turns every macro that a model calls into Python code anew in each process: of the fast lane of a small shop, whose
every run is a process, 260 pieces of Jinja and a seventh of dbt's CPU time (docs/decisions/0035-compiled-templates.md).
The JSON schemas that it holds the project's settings against, 0.5 CPU-s, it derives from its own classes each time.
"""

from __future__ import annotations

import hashlib
import marshal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from importlib.metadata import version
from pathlib import Path
from typing import Any

from footfall.replacing import replace_file

#: What has a part in the code or in a schema: another version of one of them works it out anew.
_MAKERS = ("jinja2", "dbt-common", "dbt-core", "dbt-adapters", "dbt-duckdb", "mashumaro")
#: The whole line calls 1,000. What an analyst's changes left behind goes when there are more than so many.
MOST = 4000


@contextmanager
def kept_templates(file: Path) -> Iterator[None]:
    """While it is open, dbt compiles only Jinja and derives only schemas that ``file`` doesn't hold; what was new
    stands there afterwards.

    A file that is missing, cut off or damaged counts as empty, and one that can't be written is left as it is: it saves
    time and says nothing else.
    """
    from dbt_common.clients.jinja import MacroFuzzEnvironment
    from dbt_common.dataclass_schema import dbtClassMixin

    known = _read(file)
    used: dict[str, Any] = {}
    made_by = repr([sys.version, *(version(each) for each in _MAKERS)])
    compile_anew = MacroFuzzEnvironment.compile
    schema_anew = dbtClassMixin.__dict__["json_schema"]

    def once(what: str, make: Callable[[], Any]) -> Any:
        key = hashlib.sha256(f"{made_by}\0{what}".encode("utf-8", "surrogatepass")).hexdigest()
        if key not in used:
            made = known[key] if key in known else make()
            if not _can_be_kept(made):
                return made
            used[key] = made
        return used[key]

    def compile_once(self: Any, source: Any, *arguments: Any, **named: Any) -> Any:
        # Environment.from_string passes the text alone; whatever else is asked for is none of ours.
        if not isinstance(source, str) or arguments or named:
            return compile_anew(self, source, *arguments, **named)
        # Of one text dbt's two kinds of environment, for texts and for values, make different code.
        return once(f"{type(self).__name__}\0{source}", lambda: compile_anew(self, source))

    def schema_once(cls: type) -> Any:
        # Several functions may each have a class of that name.
        if "<locals>" in cls.__qualname__:
            return schema_anew.__func__(cls)
        return once(f"schema of\0{cls.__module__}.{cls.__qualname__}", lambda: schema_anew.__func__(cls))

    MacroFuzzEnvironment.compile = compile_once  # type: ignore[method-assign]
    dbtClassMixin.json_schema = classmethod(schema_once)  # type: ignore[assignment, method-assign]
    try:
        yield
    finally:
        MacroFuzzEnvironment.compile = compile_anew  # type: ignore[method-assign]
        dbtClassMixin.json_schema = schema_anew  # type: ignore[method-assign]
    if used.keys() - known.keys():
        together = known | used
        _write(file, together if len(together) <= MOST else used)


def _read(file: Path) -> dict[str, Any]:
    try:
        content = file.read_bytes()
    except OSError:
        return {}
    # Code that was cut off or altered may end the interpreter: nothing but the whole is looked at.
    checksum, packed = content[:32], content[32:]
    if hashlib.sha256(packed).digest() != checksum:
        return {}
    try:
        return dict(marshal.loads(packed))
    except ValueError:  # marshalled by another Python
        return {}


def _can_be_kept(made: Any) -> bool:
    """Some schemas have a default that is an object of dbt's."""
    try:
        marshal.dumps(made)
    except ValueError:
        return False
    return True


def _write(file: Path, kept: dict[str, Any]) -> None:
    packed = marshal.dumps(kept)
    content = hashlib.sha256(packed).digest() + packed
    with suppress(OSError):
        replace_file(file, lambda aside: aside.write_bytes(content))
