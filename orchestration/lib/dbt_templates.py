"""What dbt compiles of the project's macros and models, kept from one process to the next.

dbt turns every macro that a model calls into Python code anew in each process: of the fast lane of a small shop, whose
every run is a process, 260 pieces of Jinja and a seventh of dbt's CPU time (docs/decisions/0035-compiled-templates.md).
"""

from __future__ import annotations

import hashlib
import marshal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from types import CodeType
from typing import Any

#: What has a part in the code: another version of one of them compiles anew.
_COMPILERS = ("jinja2", "dbt-common", "dbt-core")
#: The whole line calls 1,000. What an analyst's changes left behind goes when there are more than so many.
MOST = 4000


@contextmanager
def kept_templates(file: Path) -> Iterator[None]:
    """While it is open, dbt compiles only Jinja that ``file`` doesn't hold; what was new stands there afterwards.

    A file that is missing, cut off or damaged counts as empty, and one that can't be written is left as it is: it saves
    time and says nothing else.
    """
    from dbt_common.clients.jinja import MacroFuzzEnvironment

    known = _read(file)
    used: dict[str, CodeType] = {}
    made_by = repr([sys.version, *(version(each) for each in _COMPILERS)])
    compile_anew = MacroFuzzEnvironment.compile

    def compile_once(self: Any, source: Any, *arguments: Any, **named: Any) -> Any:
        # Environment.from_string passes the text alone; whatever else is asked for is none of ours.
        if not isinstance(source, str) or arguments or named:
            return compile_anew(self, source, *arguments, **named)
        # Of one text dbt's two kinds of environment, for texts and for values, make different code.
        said = f"{made_by}\0{type(self).__name__}\0{source}"
        key = hashlib.sha256(said.encode("utf-8", "surrogatepass")).hexdigest()
        if key not in used:
            used[key] = known.get(key) or compile_anew(self, source)
        return used[key]

    MacroFuzzEnvironment.compile = compile_once  # type: ignore[method-assign]
    try:
        yield
    finally:
        MacroFuzzEnvironment.compile = compile_anew  # type: ignore[method-assign]
    if used.keys() - known.keys():
        together = known | used
        _write(file, together if len(together) <= MOST else used)


def _read(file: Path) -> dict[str, CodeType]:
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


def _write(file: Path, templates: dict[str, CodeType]) -> None:
    packed = marshal.dumps(templates)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=file.parent, prefix=".templates-") as folder:
            aside = Path(folder) / file.name
            aside.write_bytes(hashlib.sha256(packed).digest() + packed)
            aside.replace(file)
    except OSError:
        return
