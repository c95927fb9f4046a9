"""What the fields of an answer mean, in the OpenAPI document: the words that stand under each in the code."""

from __future__ import annotations

import ast
import inspect
from dataclasses import replace
from types import ModuleType

from litestar import Litestar
from litestar.openapi.spec import Schema


def describe_fields(app: Litestar, *modules: ModuleType) -> None:
    """Put the text under each field of the modules' classes into the schemas of the class and of those made of it."""
    meanings = {cls: told for module in modules for cls, told in _meanings(module).items()}
    classes = {
        cls.__name__: cls for module in modules for cls in vars(module).values() if inspect.isclass(cls)
    }
    for name, schema in (app.openapi_schema.components.schemas or {}).items():
        properties = schema.properties if isinstance(schema, Schema) else None
        if properties is None or name not in classes:
            continue
        for parent in reversed(classes[name].__mro__):
            for field, text in meanings.get(parent, {}).items():
                # What refers to another schema has that one's description. A schema may be shared: it stays as it is.
                if isinstance(known := properties.get(field), Schema):
                    properties[field] = replace(known, description=text)


def _meanings(module: ModuleType) -> dict[type, dict[str, str]]:
    """By class and field the string that follows the field."""
    found: dict[type, dict[str, str]] = {}
    for node in ast.parse(inspect.getsource(module)).body:
        if isinstance(node, ast.ClassDef):
            for field, below in zip(node.body, node.body[1:], strict=False):
                match field, below:
                    case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(
                        value=ast.Constant(value=str(text))
                    ):
                        told = found.setdefault(getattr(module, node.name), {})
                        told[name] = inspect.cleandoc(text).replace("\n", " ")
    return found
