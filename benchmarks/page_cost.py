"""What a tracker costs in the page: size, scripting at load and for each click, by the browser's own trace.

    (cd benchmarks/page_cost && npm ci)
    python benchmarks/page_cost.py [--loads 9] [--only footfall,plausible] [--json OUT]

One page of a shop, once without any tracker and once with each; everything is answered with 200 by a loopback server.
Each load is a stranger's: a new context, nothing cached. The trackers take turns, so that a busy moment of the machine
hits all alike, and times are CPU time of the page's main thread, so that waiting for the processor doesn't count.

load    scripting from navigation to 3.5 s after it, less that of the page without a tracker. What scripts force the
        browser to do meanwhile (style, layout) is in it; parsing on other threads is not.
click   scripting inside the events of a click (pointerdown to click), median of all clicks: what delays the page's
        answer to it.
all     scripting from the first of 20 clicks to 5.5 s after the last, by click: with timers, queues and sending.
"""

from __future__ import annotations

import argparse
import gzip
import json
import shutil
import statistics
import subprocess
import sys
import tarfile
import threading
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from machine import describe_machine

from footfall.settings import REPO

HERE = Path(__file__).parent / "page_cost"
MODULES = HERE / "node_modules"
BUILT = MODULES / ".cache" / "page_cost"
UMAMI = "2.10.0"
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--no-first-run",
    # Some trackers ignore a browser that says that it is driven.
    "--disable-blink-features=AutomationControlled",
]  # fmt: skip
CLICKS = 20
CLICK_GAP_MS = 150
AFTER_LOAD_MS = 3_500
AFTER_CLICKS_MS = 5_500

#: What DevTools colours as scripting, by its outermost event.
SCRIPTING = frozenset(
    {
        "EvaluateScript", "v8.compile", "v8.compileModule", "v8.evaluateModule", "v8.produceCache", "FunctionCall",
        "RunMicrotasks", "TimerFire", "FireAnimationFrame", "FireIdleCallback", "EventDispatch",
        "XHRReadyStateChange", "XHRLoad", "V8.GCScavenger", "V8.GCIncrementalMarking", "MinorGC", "MajorGC",
    }
)  # fmt: skip
CLICK_EVENTS = frozenset(
    {
        "pointerdown",
        "mousedown",
        "touchstart",
        "pointerup",
        "mouseup",
        "click",
        "auxclick",
        "focus",
        "focusin",
    }
)
#: The remote settings that PostHog's script asks for: autocapture, and none of its other products.
POSTHOG_SETTINGS = {
    "autocapture_opt_out": False,
    "supportedCompression": ["gzip-js"],
    "sessionRecording": False,
    "surveys": False,
    "heatmaps": False,
    "capturePerformance": False,
    "captureDeadClicks": False,
    "hasFeatureFlags": False,
    "siteApps": [],
    "toolbarParams": {},
}


@dataclass
class Tracker:
    """A tracker on the page: its tag, and the files it is made of (name on the server -> bytes)."""

    title: str
    tag: str
    files: dict[str, bytes] = field(default_factory=dict)


@dataclass
class Run:
    """One load, in milliseconds of CPU."""

    load: float
    clicks: list[float]
    after_clicks: float
    """By click."""


def trackers() -> dict[str, Tracker]:
    """Everything that is measured, from the pixel's build and the installed packages."""
    dist = {file.name: file.read_bytes() for file in (REPO / "pixel" / "dist").glob("*.js")}
    plausible = {"plausible.js": _built("plausible", HERE / "plausible.mjs", "--bundle")}
    posthog = MODULES / "posthog-js" / "dist"
    mixpanel = MODULES / "mixpanel-browser" / "dist"
    posthog_tag = (
        '<script async src="/array.js" crossorigin="anonymous" onload="posthog.init(\'phc_key\','
        " {api_host: location.origin + '/send/posthog', autocapture: true, capture_pageview: true})\"></script>"
    )
    mixpanel_tag = (
        "<script>MIXPANEL_CUSTOM_LIB_URL = '/mixpanel.js'</script>"
        f"<script>{(mixpanel / 'mixpanel-jslib-snippet.min.js').read_text()}</script>"
        "<script>mixpanel.init('token', {api_host: location.origin + '/send/mixpanel', autocapture: true,"
        " track_pageview: true, record_sessions_percent: 0})</script>"
    )
    return {
        "none": Tracker("no tracker", ""),
        "footfall": Tracker(
            "Footfall", '<script async src="/footfall.js" data-write-key="wk"></script>', dist
        ),
        "floor": Tracker(
            "The browser's own part of it",
            '<script async src="/floor.js"></script>',
            {"floor.js": (HERE / "floor.js").read_bytes()}
            | {f"floor-{name}.js": b"(() => {})()" for name in ("one", "two")},
        ),
        "plausible": Tracker("Plausible", '<script async src="/plausible.js"></script>', plausible),
        "plausible_all": Tracker(
            "Plausible + links, files, forms", '<script async src="/plausible.js?all"></script>', plausible
        ),
        "umami": Tracker(
            f"Umami {UMAMI}",
            '<script async src="/umami.js" data-website-id="1" data-host-url="/send/umami"></script>',
            {"umami.js": _umami()},
        ),
        "posthog": Tracker(
            "PostHog, autocapture", posthog_tag, {"array.js": (posthog / "array.js").read_bytes()}
        ),
        "mixpanel": Tracker(
            "Mixpanel, autocapture",
            mixpanel_tag,
            {"mixpanel.js": (mixpanel / "mixpanel.min.js").read_bytes()},
        ),
    }


def _built(name: str, entry: Path, *options: str) -> bytes:
    out = BUILT / f"{name}.js"
    subprocess.run(
        [
            str(MODULES / ".bin" / "esbuild"),
            str(entry),
            *options,
            "--minify",
            "--format=iife",
            f"--outfile={out}",
        ],
        check=True,
        capture_output=True,
    )
    return out.read_bytes()


def _umami() -> bytes:
    """Umami's tracker, from the sources in its package; installed whole it would bring the server's 1,000 packages."""
    source = BUILT / "umami.source.js"
    if not source.exists():
        BUILT.mkdir(parents=True, exist_ok=True)
        subprocess.run(
            ["npm", "pack", f"umami@{UMAMI}", "--silent", "--pack-destination", str(BUILT)],
            check=True,
            capture_output=True,
        )
        with tarfile.open(BUILT / f"umami-{UMAMI}.tgz") as archive:
            file = archive.extractfile("package/src/tracker/index.js")
            assert file is not None
            source.write_bytes(file.read())
    return _built("umami", source)


def shop_page() -> str:
    """About 600 elements: menus, filters, 48 cards, a footer."""
    menu = "".join(
        f'<li><a class="header__menu-item" href="/collections/{i}">Menu {i}</a></li>' for i in range(8)
    )
    facets = "".join(
        f'<label class="facet"><input type="checkbox" name="size" value="{i}"> <span>Size {i}</span></label> '
        for i in range(8)
    )
    cards = "".join(
        f'<li class="grid__item"><div class="card-wrapper product-card-wrapper" data-product-id="{500 + i}">'
        f'<div class="card"><div class="card__media"></div><h3 class="card__heading"><a class="full-unstyled-link" '
        f'href="/products/jumper-{i}"><span>Jumper {i}</span></a></h3><span class="price">€ {20 + i}.00</span> '
        f'<button type="button" class="quick-add" name="add"><span>Quick add</span></button></div></div></li>'
        for i in range(48)
    )
    footer = "".join(f'<li><a href="/pages/{i}">Page {i}</a></li>' for i in range(12))
    html = (HERE / "shop.html").read_text(encoding="utf-8")
    for name, part in (("menu", menu), ("facets", facets), ("cards", cards), ("footer", footer)):
        html = html.replace(f"<!--{name}-->", part)
    return html


class Loopback:
    """The shop, the trackers' files, and somebody who takes everything they send."""

    def __init__(self, known: dict[str, Tracker]) -> None:
        page = shop_page()
        self.pages = {
            f"/{name}": page.replace("<!--tracker-->", each.tag).encode() for name, each in known.items()
        }
        self.files = {
            f"/{name}": gzip.compress(data, 9) for each in known.values() for name, data in each.files.items()
        }
        self.fetched: set[str] = set()
        self.posts = 0
        self.posted_bytes = 0
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_: Any) -> None:
                return

            def do_GET(self) -> None:
                path = self.path.split("?")[0]
                if path in outer.pages:
                    self.reply(outer.pages[path], "text/html; charset=utf-8")
                elif path in outer.files:
                    outer.fetched.add(path)
                    self.reply(outer.files[path], "text/javascript", {"Content-Encoding": "gzip"})
                elif path.endswith(".js"):
                    self.reply(b"", "text/javascript")
                else:
                    self.reply(json.dumps(POSTHOG_SETTINGS).encode(), "application/json")

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                outer.posts += 1
                outer.posted_bytes += len(body)
                posthog_flags = "/flags" in self.path
                answer = POSTHOG_SETTINGS if posthog_flags else {"status": 1, "accepted": 1, "rejected": []}
                self.reply(json.dumps(answer).encode(), "application/json")

            def reply(self, body: bytes, kind: str, headers: dict[str, str] | None = None) -> None:
                self.send_response(200)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                for name, value in (headers or {}).items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_: Any) -> None:
                """A page that is closed in the middle of an answer."""

        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(
            target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        ).start()


def main_thread_events(trace: bytes) -> list[dict[str, Any]]:
    """The complete events of the main threads of all pages, by start."""
    events = json.loads(trace)["traceEvents"]
    threads = {
        (event["pid"], event["tid"])
        for event in events
        if event["name"] == "thread_name" and event["args"]["name"] == "CrRendererMain"
    }
    return sorted(
        (event for event in events if event["ph"] == "X" and (event["pid"], event["tid"]) in threads),
        key=lambda event: (event["ts"], -event.get("dur", 0)),
    )


def process_of(events: list[dict[str, Any]], url: str) -> int:
    """The process that ran the scripts of a page. Chromium has pages of its own in others."""
    return next(
        int(event["pid"])
        for event in events
        if event["name"] == "EvaluateScript" and event["args"]["data"]["url"].startswith(url)
    )


def outermost(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The scripting events that are not inside of another one."""
    found, ends = [], defaultdict(float)
    for event in events:
        place = (event["pid"], event["tid"])
        if event["name"] in SCRIPTING and event["ts"] >= ends[place]:
            ends[place] = event["ts"] + event.get("dur", 0)
            found.append(event)
    return found


def cpu_ms(event: dict[str, Any]) -> float:
    return float(event["tdur"]) / 1000 if "tdur" in event else float(event.get("dur", 0)) / 1000


def click_costs(events: list[dict[str, Any]]) -> list[float]:
    """The cost of each click: the events from its pointerdown to its click."""
    costs, current = [], 0.0
    for event in outermost(events):
        if event["name"] != "EventDispatch":
            continue
        kind = event["args"]["data"]["type"]
        if kind in CLICK_EVENTS:
            current += cpu_ms(event)
        if kind == "click":
            costs.append(current)
            current = 0.0
    return costs


def measure(browser: Any, loopback: Loopback, name: str) -> Run:
    """One stranger's visit: load, wait, click, wait."""
    context = browser.new_context(
        viewport={"width": 1200, "height": 900},
        user_agent=f"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{browser.version}"
        " Safari/537.36",  # without "Headless", which some trackers ignore
    )
    page = context.new_page()
    page.goto("about:blank")
    categories = ["devtools.timeline", "v8", "blink.user_timing"]
    browser.start_tracing(page=page, categories=categories)
    page.goto(f"{loopback.url}/{name}")
    page.wait_for_timeout(AFTER_LOAD_MS)
    load = main_thread_events(browser.stop_tracing())
    process = process_of(load, loopback.url)
    load = [event for event in load if event["pid"] == process]
    places = page.evaluate(
        """() => ['header a', '.facet span', '.card a', '.card button'].flatMap(s =>
             [...document.querySelectorAll(s)].slice(0, 5).map(e => e.getBoundingClientRect())
               .map(r => [r.x + r.width / 2, r.y + r.height / 2]))"""
    )
    assert len(places) == CLICKS
    browser.start_tracing(page=page, categories=categories)
    for x, y in places:
        page.mouse.click(x, y)
        page.wait_for_timeout(CLICK_GAP_MS)
    page.wait_for_timeout(AFTER_CLICKS_MS)
    clicks = [event for event in main_thread_events(browser.stop_tracing()) if event["pid"] == process]
    assert page.evaluate("+document.getElementById('count').value") >= CLICKS
    context.close()
    return Run(
        load=sum(map(cpu_ms, outermost(load))),
        clicks=click_costs(clicks),
        after_clicks=sum(map(cpu_ms, outermost(clicks))) / CLICKS,
    )


def summarise(
    known: dict[str, Tracker], runs: dict[str, list[Run]], sizes: dict[str, int]
) -> list[dict[str, Any]]:
    """One row for each tracker, net of the page without one."""
    figures = {
        name: (
            statistics.median(run.load for run in mine),
            statistics.median(cost for run in mine for cost in run.clicks),
            statistics.median(run.after_clicks for run in mine),
        )
        for name, mine in runs.items()
    }
    base = figures["none"]
    rows = []
    for name in runs:
        quartiles = statistics.quantiles([run.load - base[0] for run in runs[name]], n=4)
        net = [value - floor for value, floor in zip(figures[name], base, strict=True)]
        rows.append(
            {
                "tracker": name,
                "title": known[name].title,
                "gzip_bytes": sizes.get(name, 0),
                "load_ms": net[0],
                "load_quartiles_ms": [quartiles[0], quartiles[2]],
                "click_ms": net[1],
                "all_ms": net[2],
                "gross": figures[name],
            }
        )
    return rows


def table(rows: list[dict[str, Any]]) -> str:
    """The rows as a Markdown table."""
    ours = next((row for row in rows if row["tracker"] == "footfall"), None)
    lines = [
        "| tracker | gzip bytes | load ms (quartiles) | of ours | ms in a click | of ours | all ms a click | of ours |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for row in rows:
        if row["tracker"] == "none":
            load, click, everything = row["gross"]
            lines.append(
                f"| {row['title']} (gross) | 0 | {load:.1f} | | {click:.2f} | | {everything:.2f} | |"
            )
            continue
        low, high = row["load_quartiles_ms"]
        ratio = {key: f"{row[key] / ours[key]:.2f}" if ours and ours[key] > 0 else "" for key in
                 ("load_ms", "click_ms", "all_ms")}  # fmt: skip
        lines.append(
            f"| {row['title']} | {row['gzip_bytes']:,} | {row['load_ms']:.1f} ({low:.1f} to {high:.1f})"
            f" | {ratio['load_ms']} | {row['click_ms']:.2f} | {ratio['click_ms']}"
            f" | {row['all_ms']:.2f} | {ratio['all_ms']} |"
        )
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--loads", type=int, default=9, help="loads of the page with each tracker")
    parser.add_argument("--only", default="", help="trackers by name, with commas")
    parser.add_argument("--json", type=Path, help="write the figures there too")
    options = parser.parse_args()
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if not MODULES.is_dir() or not chromium:
        print("page_cost needs Chromium, and the trackers: (cd benchmarks/page_cost && npm ci)")
        return 0
    from playwright.sync_api import sync_playwright

    known = trackers()
    chosen = [name for name in known if not options.only or name in ("none", *options.only.split(","))]
    loopback = Loopback(known)
    runs: dict[str, list[Run]] = {name: [] for name in chosen}
    sizes: dict[str, int] = {}
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, args=FLAGS)
        product = f"Chromium {browser.version}"
        for turn in range(-1, options.loads):
            for name in chosen:
                loopback.fetched.clear()
                loopback.posts = loopback.posted_bytes = 0
                run = measure(browser, loopback, name)
                if name != "none":
                    assert loopback.posts, f"{name} sent nothing"
                sizes[name] = sum(len(loopback.files[path]) for path in loopback.fetched)
                sent = f"{loopback.posts} requests, {loopback.posted_bytes:,} bytes sent"
                print(
                    f"{turn + 1}/{options.loads} {name}: load {run.load:.1f} ms, click"
                    f" {statistics.median(run.clicks):.2f} ms, all {run.after_clicks:.2f} ms a click; {sent}",
                    file=sys.stderr,
                )
                if turn >= 0:  # the first round warms the browser up
                    runs[name].append(run)
        browser.close()
    rows = summarise(known, runs, sizes)
    print(f"{date.today()}, {describe_machine('playwright')}, {product}, {options.loads} loads each\n")
    print(table(rows))
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
