"""The page of an OpenAPI document, of the collector and of the API: OpenAPI Explorer 2.4.820, served from this host.

Litestar's plugins load their scripts from a CDN, which a self-hosted service may not be able to reach, and no package
on PyPI keeps one up without a web framework of its own. So one file of the npm package ``openapi-explorer`` lies beside
this module: 754 KB (222 gzipped), against 863 of RapiDoc, which knows no type "text or null" and asks Google for
fonts, 1.9 MB of Swagger UI and 3.6 of Scalar; Redoc (1.1 MB) has no forms to try things.
"""

from __future__ import annotations

import html
from pathlib import Path

#: The folder of the script, to be served as ``explorer`` below the page's address.
EXPLORER = Path(__file__).parent / "openapi_explorer"

_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy"
  content="default-src 'self'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; object-src 'none'">
<title>{title}</title>
<link rel="icon" href="data:,">
<style>
  body {{ margin: 0 }}
  openapi-explorer {{ --font-regular: system-ui, sans-serif; --font-mono: ui-monospace, monospace }}
</style>
<script type="module" src="{path}/explorer/openapi-explorer.min.js"></script>
<openapi-explorer spec-url="{path}/openapi.json" hide-server-selection use-path-in-nav-bar></openapi-explorer>
</html>
"""


def openapi_page(title: str, path: str) -> bytes:
    """The page of the document ``<path>/openapi.json``. It loads nothing from another host, and no browser would."""
    return _PAGE.format(title=html.escape(title), path=path).encode()
