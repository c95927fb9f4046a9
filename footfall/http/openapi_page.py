"""An OpenAPI document as one page of HTML that fetches nothing from elsewhere: of the collector and of the API.

Litestar's own renderers load their scripts from a CDN, which a self-hosted service may not be able to reach.
"""

from __future__ import annotations

import html
import json
import re
from typing import Any

_STYLE = """
:root { color-scheme: light dark; --line: #8884; --soft: #8881; }
* { box-sizing: border-box; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; }
details { border: 1px solid var(--line); border-radius: 6px; margin: .5rem 0; padding: .4rem .8rem; }
summary { cursor: pointer; } summary b { font-family: ui-monospace, monospace; overflow-wrap: anywhere; }
table { border-collapse: collapse; width: 100%; margin: 1rem 0; }
td, th { text-align: left; padding: .25rem .6rem .25rem 0;
  border-bottom: 1px solid var(--line); vertical-align: top; }
pre { background: var(--soft); padding: .6rem; overflow: auto; max-height: 24rem; }
input, select, textarea { width: 100%; font: inherit; } textarea { font: 13px/1.5 ui-monospace, monospace; }
code { font-family: ui-monospace, monospace; } .soft { opacity: .7; } h2 { margin-top: 2rem; }
h2::first-letter { text-transform: uppercase; }
@media (max-width: 40rem) { tr { display: block; border-bottom: 1px solid var(--line); padding: .3rem 0; }
  th { display: none; } td { display: inline-block; border: 0; padding: 0 .6rem 0 0; }
  td:has(input, select) { display: block; } }
"""

_SCRIPT = """
const unfold = () => { const named = document.getElementById(location.hash.slice(1));
  if (named?.localName === 'details') named.open = true; };
addEventListener('hashchange', unfold); unfold();
for (const form of document.querySelectorAll('form[data-path]'))
form.addEventListener('submit', async event => {
  event.preventDefault();
  let path = form.dataset.path; const query = new URLSearchParams();
  for (const field of form.querySelectorAll('[data-in]')) {
    const {name, value} = field;
    if (field.dataset.in === 'path') path = path.replace('{' + name + '}', encodeURIComponent(value));
    else if (value) query.set(name, value);
  }
  const url = path + (query.size ? '?' + query : ''), out = form.querySelector('pre');
  const key = document.getElementById('key'), body = form.querySelector('textarea'), headers = {};
  const {header, prefix} = key.dataset;
  if (key.value) headers[header] = prefix ? prefix + btoa(key.value + ':') : key.value;
  if (body) headers['Content-Type'] = 'application/json';
  const method = form.dataset.method, started = performance.now();
  out.hidden = false; out.textContent = 'asking ...';
  try {
    const answer = await fetch(url, {method, headers, body: body?.value});
    let shown = await answer.text(); try { shown = JSON.stringify(JSON.parse(shown), null, 2); } catch {}
    const took = Math.round(performance.now() - started);
    out.textContent = `${method} ${url}\\n${answer.status} in ${took} ms\\n\\n${shown}`;
  } catch (error) { out.textContent = `${method} ${url}\\nno answer: ${error.message}`; }
});
"""

#: Where the key of the page's field goes: header and, for Basic authorization, what stands before it.
_KEYS = {"apiKey": ("X-Footfall-Key", ""), "http": ("Authorization", "Basic ")}


def docs_page(document: dict[str, Any], json_address: str) -> bytes:
    """Every operation of an OpenAPI document with its parameters, its answers, and a form that tries it."""
    info = document["info"]
    operations: dict[str, list[str]] = {}
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if method == "head" or not isinstance(operation, dict):
                continue
            for tag in operation.get("tags", ["other"]):
                operations.setdefault(tag, []).append(_operation(path, method, operation))
    components = document.get("components", {})
    header, prefix = _KEYS[next(iter(components["securitySchemes"].values()))["type"]]
    schemas = components.get("schemas", {})
    places = " · ".join(f'<a href="#{_anchor(tag)}">{_text(tag)}</a>' for tag in operations)
    parts = [
        f"<h1>{_text(info['title'])} <span class=soft>{_text(info['version'])}</span></h1>",
        f"<p>{_prose(info.get('description', ''))}</p>",
        f'<p>{places} · <a href="{_text(json_address)}">OpenAPI document (JSON)</a></p>',
        "<p><label>Key for trying things out "
        f'<input id=key data-header="{header}" data-prefix="{prefix}" autocomplete=off></label></p>',
    ]
    for tag, blocks in operations.items():
        parts += [f'<h2 id="{_anchor(tag)}">{_text(tag)}</h2>', *blocks]
    if schemas:
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
        f"<td>{_content_type(response)}"
        for status, response in operation.get("responses", {}).items()
    )
    examples = "".join(_example(response) for response in operation.get("responses", {}).values())
    table = f"<table><tr><th>parameter<th>type<th>meaning<th>value</tr>{rows}</table>" if rows else ""
    paragraphs = "".join(f"<p>{_prose(text)}</p>" for text in operation.get("description", "").split("\n\n"))
    return (
        f"<details><summary><b>{_text(method.upper())} {_text(path)}</b> "
        f"{_text(operation.get('summary', ''))}</summary>"
        f'{paragraphs}<form data-method="{_text(method.upper())}" data-path="{_text(path)}">{table}'
        f"{_body(operation.get('requestBody', {}))}"
        f"<p><button>Try it</button></p><pre hidden></pre></form>"
        f"<table>{answers}</table>{examples}</details>"
    )


def _body(body: dict[str, Any]) -> str:
    """What is sent, by its type, and the first example of it to be changed."""
    content = body.get("content", {})
    if not content:
        return ""
    media = next(iter(content.values()))
    value: Any = next((example["value"] for example in media.get("examples", {}).values()), {})
    text = _text(json.dumps(value, indent=2, ensure_ascii=False))
    return (
        f"<p><label>Body, {_content_type(body)}"
        f"<textarea rows={text.count(chr(10)) + 1} spellcheck=false>{text}</textarea></label></p>"
    )


def _parameter(parameter: dict[str, Any]) -> str:
    needed = " (needed)" if parameter.get("required") else ""
    schema = parameter.get("schema", {})
    # A parameter that may be left out is typed "or null"; in an address there is no null.
    options = [option for option in schema.get("oneOf", [schema]) if option.get("type") != "null"]
    default = schema.get("default")
    shown = "" if default is None else default if isinstance(default, str) else json.dumps(default)
    place = f'name="{_text(parameter["name"])}" data-in="{_text(parameter["in"])}"'
    if choices := options[0].get("enum"):
        rest = "".join(f"<option>{_text(choice)}</option>" for choice in choices if choice != default)
        field = f'<select {place}><option value="">{_text(shown)}</option>{rest}</select>'
    else:
        field = f'<input {place} placeholder="{_text(shown)}">'
    return (
        f"<tr><td><code>{_text(parameter['name'])}</code>{needed}<td>{' or '.join(map(_type, options))}"
        f"<td>{_prose(parameter.get('description', ''))}<td>{field}"
    )


def _schema(name: str, schema: dict[str, Any]) -> str:
    rows = "".join(
        f"<tr><td><code>{_text(field)}</code>{' (needed)' if field in schema.get('required', ()) else ''}"
        f"<td>{_type(definition)}<td>{_prose(definition.get('description', ''))}"
        for field, definition in schema.get("properties", {}).items()
    )
    return (
        f'<details id="schema-{_text(name)}"><summary><b>{_text(name)}</b></summary>'
        f"<p>{_prose(schema.get('description', ''))}</p><table>{rows}</table></details>"
    )


def _content_type(response: dict[str, Any]) -> str:
    return ", ".join(
        dict.fromkeys(_type(content.get("schema", {})) for content in response.get("content", {}).values())
    )


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


def _anchor(tag: str) -> str:
    return _text(tag.replace(" ", "-"))
