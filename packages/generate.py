"""Writes what the packages know of the API and of events: run it when a route, an answer or an event has changed.

    .venv/bin/python packages/generate.py

From the API's OpenAPI document it makes ``openapi.json``, the Python client's ``generated.py`` and the answer's types
of ``@footfall/pixel``; from ``footfall.wire.events`` the types of events. The TypeScript client's ``schema.ts`` is made
by openapi-typescript, which `npm ci` in packages/ installs. tests/packages/ holds the committed files against this.
"""

from __future__ import annotations

import hashlib
import json
import keyword
import re
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

from api.app import create_app
from footfall.settings import Settings
from footfall.wire.events import EVENTS, PROPERTIES

PACKAGES = Path(__file__).resolve().parent
MADE = "Made by packages/generate.py: don't edit."
#: What a page gets for `footfall('recommend')`.
ANSWER = ("NamedProduct", "ProductItem")

Json = dict[str, Any]


def openapi() -> Json:
    """The API's document, as it serves it."""
    document: Json = json.loads(json.dumps(create_app(Settings()).openapi_schema.to_schema()))
    return document


def rendered(document: Json) -> dict[str, str]:
    """The files made here, by their path below packages/."""
    text = json.dumps(document, indent=1, sort_keys=True) + "\n"
    return {
        "openapi.json": text,
        "python-client/footfall_client/generated.py": _ruff(python_client(document)),
        "pixel/src/answer.ts": typescript_answer(document),
        "pixel/src/events.ts": typescript_events(),
    }


def digest(document: Json) -> str:
    """By which ``schema.ts`` names the document that it was made from."""
    return hashlib.sha256(rendered(document)["openapi.json"].encode()).hexdigest()


# Python


def python_client(document: Json) -> str:
    """Structs of the answers, and a method for each GET of /v1 that answers JSON."""
    schemas = document["components"]["schemas"]
    operations = [
        (path, item["get"])
        for path, item in document["paths"].items()
        if path.startswith("/v1/")
        and "application/json" in item["get"]["responses"]["200"].get("content", {})
    ]
    used = _reachable(schemas, [_answer(operation) for _, operation in operations])
    lines = [
        f'"""Answers and operations of the API. {MADE}"""',
        "from __future__ import annotations",
        "from datetime import date, datetime",
        "from typing import Any, Literal, TypeVar",
        "from urllib.parse import quote",
        "import msgspec",
        'Answer = TypeVar("Answer")',
        "def _segment(text: str) -> str:",
        '    """An id as a part of an address: a slash in it is its own."""',
        '    return quote(text, safe="")',
    ]
    for name in sorted(used):
        lines.append(f"class {name}(msgspec.Struct, kw_only=True):")
        lines += [f'    """{schemas[name]["description"]}"""'] if "description" in schemas[name] else []
        required = schemas[name].get("required", [])
        for field, schema in schemas[name]["properties"].items():
            kind = _python(schema)
            default = "" if field in required else f" = {schema.get('default')!r}"
            if default == " = None" and "None" not in kind:
                kind += " | None"
            lines.append(f"    {field}: {kind}{default}")
            if "description" in schema:
                lines.append(f"    {schema['description']!r}")
    lines += [
        "class Operations:",
        '    """What the API can be asked; ``footfall_client.Footfall`` asks it."""',
        "    def _get(self, path: str, query: dict[str, Any], answer: type[Answer]) -> Answer:",
        "        raise NotImplementedError",
    ]
    for path, operation in operations:
        lines += _method(path, operation)
    return "\n".join(lines) + "\n"


def _method(path: str, operation: Json) -> list[str]:
    given = [one for one in operation.get("parameters", []) if one["name"] != "format"]
    arguments, query = ["self"], []
    for one in sorted(given, key=lambda one: one["in"] != "path"):
        name = one["name"] + ("_" if keyword.iskeyword(one["name"]) else "")
        kind = _python(one["schema"])
        if one["in"] == "query" and "*" not in arguments:
            arguments.append("*")
        if not one.get("required"):
            default = one["schema"].get("default")
            kind += f" = {default!r}" if default is not None or "None" in kind else " | None = None"
        arguments.append(f"{name}: {kind}")
        if one["in"] == "query":
            query.append(f'"{one["name"]}": {name}')
    answer = _answer(operation)
    address = re.sub(r"{(\w+)}", r"{_segment(\1)}", path)
    about = "\n".join(
        textwrap.fill(f"{one['name']}: {one['schema'].get('description', '')}", 100, subsequent_indent="    ")
        for one in given
    )
    doc = f"{operation['summary']}." + (f"\n\n{about}\n" if about else "")
    return [
        f"    def {_method_name(path, operation)}({', '.join(arguments)}) -> {answer}:",
        textwrap.indent(f'r"""{doc}"""', " " * 8),
        f'        return self._get({"f" if "{" in address else ""}"{address}", {{{", ".join(query)}}}, {answer})',
    ]


def _method_name(path: str, operation: Json) -> str:
    """The handler's own name: Litestar puts the path before it."""
    before = "".join(part.capitalize() for part in re.split(r"[/{}_-]+", path))
    words: str = operation["operationId"][len(before) :]
    return re.sub(r"(?<!^)(?=[A-Z])", "_", words).lower()


def _answer(operation: Json) -> str:
    schema: str = operation["responses"]["200"]["content"]["application/json"]["schema"]["$ref"]
    return schema.rpartition("/")[2]


def _reachable(schemas: Json, names: list[str]) -> set[str]:
    found: set[str] = set()
    while names:
        name = names.pop()
        if name not in found:
            found.add(name)
            names += re.findall(r'"#/components/schemas/(\w+)"', json.dumps(schemas[name]))
    return found


def _python(schema: Json) -> str:
    return _kind(schema, _PYTHON)


def _ruff(code: str) -> str:
    ruff = Path(sys.executable).with_name("ruff")
    for arguments in (["check", "--quiet", "--fix", "--select=I,UP", "-"], ["format", "-"]):
        ran = subprocess.run(
            [ruff, *arguments[:-1], "--stdin-filename", PACKAGES / "generated.py", "-"],
            input=code, capture_output=True, text=True, check=True,
        )  # fmt: skip
        code = ran.stdout
    return code


# TypeScript


def typescript_answer(document: Json) -> str:
    """Interfaces of a recommended product."""
    schemas = document["components"]["schemas"]
    blocks = [f"/** What the API answers for a product that it recommends. {MADE} */"]
    for name in ANSWER:
        fields = [
            _documented(schema.get("description"), f"{field}: {_kind(schema, _TYPESCRIPT)};")
            for field, schema in schemas[name]["properties"].items()
        ]
        about = schemas[name].get("description")
        blocks.append(
            (f"/** {about} */\n" if about else "") + f"export interface {name} {{\n{''.join(fields)}}}"
        )
    return "\n\n".join(blocks) + "\n"


def typescript_events() -> str:
    """An interface whose members are the events, each with its properties."""
    wire = {str: "string", int: "number", float: "number", dict: "Record<string, unknown>"}
    used = sorted({name for names in EVENTS.values() for name in names})
    fields = [
        _documented(
            PROPERTIES[name].about,
            f"{name}?: {wire[PROPERTIES[name].type]}{'[]' if PROPERTIES[name].is_list else ''};",
        )
        for name in used
    ]
    events = [
        f"  '{event}': "
        + (f"Pick<Properties, {' | '.join(map(repr, names))}>" if names else "Record<string, never>")
        + ";\n"
        for event, names in EVENTS.items()
    ]
    return (
        f"/** The events of the tracking plan. {MADE} */\n\n"
        "/** What an event may say; each says some of them. */\n"
        f"export interface Properties {{\n{''.join(fields)}}}\n\n"
        "/** Events by name. */\n"
        f"export interface Events {{\n{''.join(events)}}}\n"
    )


def _documented(about: str | None, line: str) -> str:
    return (f"  /** {about} */\n" if about else "") + f"  {line}\n"


# Types of both

_PYTHON = {
    "string": "str", "integer": "int", "number": "float", "boolean": "bool", "null": "None", "object": "dict[str, Any]",
    "date-time": "datetime", "date": "date", "any": "Any",
    "list": "list[{}]", "enum": "Literal[{}]", "or": " | ",
}  # fmt: skip
_TYPESCRIPT = {
    "string": "string", "integer": "number", "number": "number", "boolean": "boolean", "null": "null",
    "object": "Record<string, unknown>", "date-time": "string", "date": "string", "any": "unknown",
    "list": "Array<{}>", "enum": "{}", "or": " | ",
}  # fmt: skip


def _kind(schema: Json, words: dict[str, str]) -> str:
    """A schema's type in a language. Raises ValueError for a schema of a kind that no answer had so far."""
    if "$ref" in schema:
        name: str = schema["$ref"].rpartition("/")[2]
        return name
    if "oneOf" in schema:
        return words["or"].join(_kind(each, words) for each in schema["oneOf"])
    if "enum" in schema:
        return words["enum"].format((", " if words is _PYTHON else " | ").join(map(repr, schema["enum"])))
    kind = schema.get("type", "any")
    if isinstance(kind, list) or kind not in (*words, "array"):
        raise ValueError(f"packages/generate.py knows no type for {schema}: teach it")
    if kind == "array":
        return words["list"].format(_kind(schema["items"], words))
    return words.get(schema.get("format", ""), words[kind])


def main() -> None:
    document = openapi()
    for name, text in rendered(document).items():
        (PACKAGES / name).write_text(text)
    tool = PACKAGES / "node_modules" / ".bin" / "openapi-typescript"
    if not tool.exists():
        sys.exit("written, all but client/src/schema.ts: run `npm ci` in packages/ and this again")
    target = PACKAGES / "client" / "src" / "schema.ts"
    made = subprocess.run([tool, "openapi.json"], cwd=PACKAGES, stdout=subprocess.PIPE, text=True, check=True)
    target.write_text(f"/** {MADE} Of openapi.json {digest(document)} */\n{made.stdout}")


if __name__ == "__main__":
    main()
