"""The OpenAPI document as one page of HTML that fetches nothing from elsewhere.

Litestar's own renderers load their scripts from a CDN; a self-hosted API is read where there is none.
"""

from __future__ import annotations

import html
import json
import re
from decimal import Decimal
from typing import Any

from litestar import Request
from litestar.openapi.plugins import OpenAPIRenderPlugin
from litestar.openapi.spec import OpenAPIType, Schema
from litestar.plugins import OpenAPISchemaPlugin
from litestar.typing import FieldDefinition

_STYLE = """
:root { color-scheme: light dark; --line: #8884; --soft: #8881; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; }
details { border: 1px solid var(--line); border-radius: 6px; margin: .5rem 0; padding: .4rem .8rem; }
summary { cursor: pointer; } summary b { font-family: ui-monospace, monospace; }
table { border-collapse: collapse; width: 100%; } td, th { text-align: left; padding: .25rem .6rem .25rem 0;
  border-bottom: 1px solid var(--line); vertical-align: top; }
pre { background: var(--soft); padding: .6rem; overflow: auto; max-height: 24rem; }
input { width: 100%; font: inherit; }
code { font-family: ui-monospace, monospace; } .soft { opacity: .7; }
"""

_SCRIPT = """
for (const form of document.querySelectorAll('form[data-path]'))
form.addEventListener('submit', async event => {
  event.preventDefault();
  let path = form.dataset.path; const query = new URLSearchParams();
  for (const input of form.querySelectorAll('input[data-in]')) {
    const {name, value} = input;
    if (input.dataset.in === 'path') path = path.replace('{' + name + '}', encodeURIComponent(value));
    else if (value) query.set(name, value);
  }
  const url = path + (query.size ? '?' + query : ''), out = form.querySelector('pre');
  const key = document.getElementById('key').value, started = performance.now();
  const answer = await fetch(url, key ? {headers: {'X-Footfall-Key': key}} : {});
  const body = await answer.text();
  let shown = body; try { shown = JSON.stringify(JSON.parse(body), null, 2); } catch {}
  out.hidden = false;
  const took = Math.round(performance.now() - started);
  out.textContent = `GET ${url}\\n${answer.status} in ${took} ms\\n\\n${shown}`;
});
"""


class MoneySchema(OpenAPISchemaPlugin):
    """Describes a Decimal as the number it is written as; Litestar says string, which it is by default."""

    def is_plugin_supported_field(self, field_definition: FieldDefinition) -> bool:
        return field_definition.annotation is Decimal

    def to_openapi_schema(self, field_definition: FieldDefinition, schema_creator: Any) -> Schema:
        return Schema(type=OpenAPIType.NUMBER)


class DocsPage(OpenAPIRenderPlugin):
    """Every operation with its parameters, its answers, and a form that tries it."""

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:
        info = openapi_schema["info"]
        operations: dict[str, list[str]] = {}
        for path, item in openapi_schema["paths"].items():
            for method, operation in item.items():
                for tag in operation.get("tags", ["other"]):
                    operations.setdefault(tag, []).append(_operation(path, method, operation))
        schemas = openapi_schema.get("components", {}).get("schemas", {})
        parts = [
            f"<h1>{_text(info['title'])} <span class=soft>{_text(info['version'])}</span></h1>",
            f"<p>{_text(info.get('description', ''))}</p>",
            f'<p><a href="{_text(self.get_openapi_json_route(request))}">OpenAPI document (JSON)</a></p>',
            "<p><label>Key for trying things out <input id=key autocomplete=off></label></p>",
        ]
        for tag, blocks in operations.items():
            parts += [f"<h2>{_text(tag)}</h2>", *blocks]
        parts.append("<h2>schemas</h2>")
        parts += [_schema(name, schema) for name, schema in sorted(schemas.items())]
        page = (
            f"<!doctype html><html lang=en><meta charset=utf-8><title>{_text(info['title'])}</title>"
            "<meta name=viewport content='width=device-width'><link rel=icon href='data:,'>"
            f"<style>{_STYLE}</style>"
            f"<body>{''.join(parts)}<script>{_SCRIPT}</script></body></html>"
        )
        return page.encode()


def _operation(path: str, method: str, operation: dict[str, Any]) -> str:
    rows = "".join(_parameter(parameter) for parameter in operation.get("parameters", []))
    answers = "".join(
        f"<tr><td><code>{_text(status)}</code><td>{_text(response.get('description', ''))}"
        f"<td>{_answer_type(response)}"
        for status, response in operation.get("responses", {}).items()
    )
    examples = "".join(_example(response) for response in operation.get("responses", {}).values())
    table = f"<table><tr><th>parameter<th>type<th>meaning<th>value</tr>{rows}</table>" if rows else ""
    return (
        f"<details><summary><b>{_text(method.upper())} {_text(path)}</b> "
        f"{_text(operation.get('summary', ''))}</summary>"
        f"<p>{_prose(operation.get('description', ''))}</p>"
        f'<form data-path="{_text(path)}">{table}<p><button>Try it</button></p><pre hidden></pre></form>'
        f"<table>{answers}</table>{examples}</details>"
    )


def _parameter(parameter: dict[str, Any]) -> str:
    needed = " (needed)" if parameter.get("required") else ""
    schema = parameter.get("schema", {})
    # A parameter that may be left out is typed "or null"; in an address there is no null.
    options = [option for option in schema.get("oneOf", [schema]) if option.get("type") != "null"]
    default = json.dumps(schema["default"]) if "default" in schema else ""
    return (
        f"<tr><td><code>{_text(parameter['name'])}</code>{needed}<td>{' or '.join(map(_type, options))}"
        f"<td>{_prose(parameter.get('description', ''))}"
        f'<td><input name="{_text(parameter["name"])}" data-in="{_text(parameter["in"])}" '
        f'placeholder="{_text(default)}">'
    )


def _schema(name: str, schema: dict[str, Any]) -> str:
    rows = "".join(
        f"<tr><td><code>{_text(field)}</code><td>{_type(definition)}"
        for field, definition in schema.get("properties", {}).items()
    )
    return (
        f'<details id="schema-{_text(name)}"><summary><b>{_text(name)}</b></summary>'
        f"<p>{_prose(schema.get('description', ''))}</p><table>{rows}</table></details>"
    )


def _answer_type(response: dict[str, Any]) -> str:
    return ", ".join(_type(content.get("schema", {})) for content in response.get("content", {}).values())


def _example(response: dict[str, Any]) -> str:
    shown = [
        json.dumps(example["value"], indent=2, ensure_ascii=False)
        for content in response.get("content", {}).values()
        for example in content.get("examples", {}).values()
    ]
    return "".join(f"<details><summary>example</summary><pre>{_text(text)}</pre></details>" for text in shown)


def _type(schema: dict[str, Any]) -> str:
    if reference := schema.get("$ref"):
        name = _text(reference.rsplit("/", 1)[-1])
        return f'<a href="#schema-{name}">{name}</a>'
    for choice in ("oneOf", "anyOf"):
        if choice in schema:
            return " or ".join(_type(option) for option in schema[choice])
    if schema.get("type") == "array":
        return f"list of {_type(schema.get('items', {}))}"
    kind = schema.get("type", "any")
    text = " or ".join(kind) if isinstance(kind, list) else str(kind)
    return _text(f"{text} ({schema['format']})" if "format" in schema else text)


def _prose(value: str) -> str:
    """Text with `code` in it."""
    return re.sub(r"(`+)(.+?)\1", r"<code>\2</code>", _text(value))


def _text(value: object) -> str:
    return html.escape(str(value))
