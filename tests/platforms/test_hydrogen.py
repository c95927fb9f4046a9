# ruff: noqa: E501 -- JavaScript reads better in one line
"""The component for Hydrogen that docs/developer/platforms.md shows: what it tells of a cart that changes.

Hydrogen's and React's functions are stubs here. The types and the events are those of `@shopify/hydrogen` 2026.4.6, in
whose `Analytics.Provider` the component was run by hand.
"""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

from footfall.settings import REPO
from tests.pixel.clicks import DOCUMENT
from tests.platforms.conftest import Json

ESBUILD = REPO / "pixel" / "node_modules" / ".bin" / "esbuild"
STUBS = {
    "react": "export const useEffect = (act) => act()",
    "react/jsx-runtime": "export const jsx = (tag, props) => ({tag, props})",
    "@shopify/hydrogen": """
      export const AnalyticsEvent = {PRODUCT_ADD_TO_CART: 'product_added_to_cart', PRODUCT_REMOVED_FROM_CART: 'product_removed_from_cart'}
      const callbacks = {}, told = [], ready = []
      globalThis.window = {footfall: (...call) => told.push(call)}
      export const useAnalytics = () => ({
        subscribe: (event, callback) => (callbacks[event] = callback),
        register: (key) => ({ready: () => ready.push(key)}),
      })
      export const publish = (event, payload) => callbacks[event](payload)
      export const all = () => ({told, ready})
    """,
}
RUN = """
import {Footfall} from './Footfall'
import {publish, all} from '@shopify/hydrogen'
const shown = [Footfall({customerId: 'gid://shopify/Customer/77'}), Footfall({})].map((one) => one.props['data-customer-id'])
const line = (quantity) => ({quantity, merchandise: {id: 'gid://shopify/ProductVariant/91?x=1', title: '158',
  price: {amount: '699.95', currencyCode: 'USD'}, product: {id: 'gid://shopify/Product/8001', title: 'The Snowboard'}}})
publish('product_added_to_cart', {currentLine: line(1)})
publish('product_added_to_cart', {prevLine: line(1), currentLine: line(3)})
publish('product_removed_from_cart', {prevLine: line(3), currentLine: line(2)})
publish('product_removed_from_cart', {prevLine: line(2)})
publish('product_removed_from_cart', {})
console.log(JSON.stringify({shown, ...all()}))
"""


def run(folder: Path) -> Json:
    [component] = re.findall(r"```tsx\n(.*?)```", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL)
    (folder / "Footfall.tsx").write_text(component)
    (folder / "run.ts").write_text(RUN)
    aliases = []
    for at, (name, code) in enumerate(STUBS.items()):
        (folder / f"stub{at}.js").write_text(code)
        aliases.append(f"--alias:{name}={folder}/stub{at}.js")
    # The longer name first: an alias covers what is below it.
    command = [str(ESBUILD), "run.ts", "--bundle", "--format=esm", "--jsx=automatic", *reversed(aliases)]
    built = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr
    told = subprocess.run(
        ["node", "--input-type=module"],
        input=built.stdout,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert told.returncode == 0, told.stderr
    answer: Json = json.loads(told.stdout)
    return answer


def test_the_component_tells_what_the_cart_took(tmp_path: Path) -> None:
    if not ESBUILD.exists():
        pytest.skip("the pixel's tools are not installed (npm ci in pixel)")
    seen = run(tmp_path)
    facts = {"product_id": "8001", "variant_id": "91", "name": "The Snowboard", "variant": "158", "price": 699.95,
             "currency": "USD"}  # fmt: skip
    assert seen["told"] == [
        ["track", "Product Added", {**facts, "quantity": 1}],
        ["track", "Product Added", {**facts, "quantity": 2}],
        ["track", "Product Removed", {**facts, "quantity": 1}],
        ["track", "Product Removed", {**facts, "quantity": 2}],
    ]
    assert seen["shown"] == ["77", ""]
    assert seen["ready"] == ["Footfall", "Footfall"]
