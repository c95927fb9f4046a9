"""deploy/compose.yaml without an engine: each service's command, environment and mounts as a process over folders,
and the Caddy of this machine in front with deploy/Caddyfile. What `.ci/containers` asks of containers is asked here.
"""

from __future__ import annotations

import http.client
import json
import os
import re
import secrets
import shutil
import socket
import ssl
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import pytest

from demo.cli import CATALOG
from footfall.runtime.supervisor import Child, Processes, footfall_command
from footfall.settings import REPO, Settings, load_settings
from tests.built_shop import data_folder, wait_until_sealed
from tests.compose_file import DEPLOY, image_variables, read_compose
from tests.conftest import new_port

pytestmark = [pytest.mark.slow, pytest.mark.pipeline]

EVENTS, RECOMMEND = "events.shop.example", "recommend.shop.example"
#: The shop's front. Nobody is there, which `footfall init` sees at once.
SHOP = "http://127.0.0.1:9"
#: A visitor's address, not that of Caddy, which the servers see; and one that he makes up.
VISITOR, INVENTED = "127.0.2.5", "203.0.113.9"
BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


class Answer(NamedTuple):
    status: int
    headers: http.client.HTTPMessage
    body: bytes


class Layout:
    """The folders that stand for volumes and mounts, and the services' processes over them."""

    def __init__(self, root: Path, processes: Processes) -> None:
        self.root, self.processes = root, processes
        self.ports = {name: new_port() for name in ("http", "https", "collector", "api")}
        options = ["local_certs", *(f"{name}_port {self.ports[name]}" for name in ("http", "https"))]
        compose = read_compose(
            {"COLLECTOR_HOST": EVENTS, "API_HOST": RECOMMEND, "CADDY_GLOBAL_OPTIONS": "\n".join(options)}
        )
        self.services = compose.services

    def path(self, source: str) -> Path:
        """The folder of a volume, or of one beside the compose file that a test must not touch."""
        return self.root / source if source != "./Caddyfile" else DEPLOY / source

    def environment(self, name: str) -> dict[str, str]:
        """What the image and the compose file set, with folders of this machine and ports that are free."""
        service = self.services[name]
        own = image_variables() | service.environment
        for place, source in service.mounts.items():
            for variable, value in own.items():
                if value == place or value.startswith(f"{place}/"):
                    own[variable] = f"{self.path(source)}{value.removeprefix(place)}"
        inherited = {name: text for name, text in os.environ.items() if not name.startswith("FOOTFALL_")}
        return inherited | own | {
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "FOOTFALL_COLLECTOR_PORT": str(self.ports["collector"]),
            "FOOTFALL_API_PORT": str(self.ports["api"]),
            "FOOTFALL_SEAL_SECONDS": "0.5",
            "FOOTFALL_MIN_FREE_BYTES": "0",
        }  # fmt: skip

    @property
    def settings(self) -> Settings:
        return load_settings(self.environment("api"))

    def init(self, *options: str) -> str:
        """Run the service `init` as `docker compose run` does, in its folder, and return what it printed."""
        service = self.services["init"]
        _tini, _, _python, *script = service.entrypoint
        command = [sys.executable, *(each.replace("/opt/footfall", str(REPO)) for each in script)]
        folder = self.path(service.mounts[service.working_dir])
        done = subprocess.run(
            [*command, *options], cwd=folder, env=self.environment("init"), capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def start(self, name: str, path: str) -> Child:
        """Start a service of Footfall; ``path`` answers below 500 once it is up."""
        command = footfall_command(*self.services[name].command)
        child = self.processes.start(name, command, self.environment(name))
        self.processes.wait_ready(child, f"http://127.0.0.1:{self.ports[name]}{path}", 120)
        return child

    def start_caddy(self, program: str) -> None:
        service = self.services["caddy"]
        folder = self.path(service.mounts["/data"])
        said = subprocess.run([program, "version"], capture_output=True, text=True, check=True).stdout
        version = tuple(map(int, re.findall(r"\d+", said)[:2]))
        env = os.environ | service.environment | {
            "XDG_DATA_HOME": str(folder),
            "COLLECTOR_UPSTREAM": f"127.0.0.1:{self.ports['collector']}",
            "API_UPSTREAM": f"127.0.0.1:{self.ports['api']}",
            **({"CADDY_BUFFER": "buffer_requests"} if version < (2, 7) else {}),
        }  # fmt: skip
        config = [
            "--config",
            str(self.path(service.mounts["/etc/caddy/Caddyfile"])),
            "--adapter",
            "caddyfile",
        ]
        valid = subprocess.run([program, "validate", *config], env=env, capture_output=True, text=True)
        assert valid.returncode == 0, valid.stderr
        caddy = self.processes.start("caddy", [program, "run", *config], env)
        authority = folder / "caddy/pki/authorities/local/root.crt"
        issued = folder / "caddy/certificates/local"
        deadline = time.monotonic() + 60
        while not (authority.exists() and {EVENTS, RECOMMEND} <= {each.name for each in issued.glob("*")}):
            assert caddy.process.poll() is None, caddy.last_words()
            assert time.monotonic() < deadline, caddy.last_words()
            time.sleep(0.05)
        self.trusted = ssl.create_default_context(cafile=authority)

    def ask(
        self,
        host: str,
        path: str,
        body: Any = None,
        *,
        headers: Mapping[str, str] | None = None,
        method: str | None = None,
    ) -> Answer:
        """Ask over TLS as the visitor; the path goes out as it stands here."""
        connection = http.client.HTTPConnection("127.0.0.1", self.ports["https"], timeout=60)
        plain = socket.create_connection(
            ("127.0.0.1", self.ports["https"]), timeout=60, source_address=(VISITOR, 0)
        )
        with plain, self.trusted.wrap_socket(plain, server_hostname=host) as connection.sock:
            content = None if body is None else json.dumps(body).encode()
            connection.request(
                method or ("GET" if body is None else "POST"),
                path,
                content,
                {"host": host, "user-agent": BROWSER, **(headers or {})},
            )
            answer = connection.getresponse()
            return Answer(answer.status, answer.headers, answer.read())


@pytest.fixture(scope="module")
def caddy() -> str:
    found = shutil.which("caddy")
    if not found:
        pytest.skip("no Caddy on this machine (Debian: apt-get install caddy)")
    return found


@pytest.fixture(scope="module")
def layout(caddy: str, built_shop: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Layout]:
    """The shop of the built one's data, set up as docs/operator/containers.md says."""
    with data_folder() as data, Processes(tmp_path_factory.mktemp("logs")) as processes:
        layout = Layout(data.parent, processes)
        shutil.copytree(built_shop, data, symlinks=True)
        (data / "catalog" / "demo-shop.json").unlink()
        (layout.root / "shop" / "catalog").mkdir(parents=True)
        shutil.copy(CATALOG, layout.root / "shop" / "catalog" / "demo-shop.json")
        said = layout.init("--yes", "--domain", SHOP, "--catalog", "catalog/demo-shop.json")
        assert f"{len(json.loads(CATALOG.read_bytes())['products'])} products read" in said, said
        layout.start("collector", "/readyz")
        layout.start("api", "/readyz")
        layout.start_caddy(caddy)
        yield layout


def test_init_prints_the_tag_with_the_public_names(layout: Layout) -> None:
    said = layout.init("--show")
    assert f'src="https://{EVENTS}/footfall.js"' in said
    assert f'data-api="https://{RECOMMEND}"' in said
    written = tomllib.loads((layout.root / "shop" / "footfall.toml").read_text())
    assert written["data"] == str(layout.root / "data")
    assert [key["key"] for key in written["write_keys"]] == [key.key for key in layout.settings.write_keys]


def test_the_pixel_comes_over_tls_and_plain_http_is_sent_there(layout: Layout) -> None:
    pixel = layout.ask(EVENTS, "/footfall.js")
    assert pixel.status == 200
    assert "javascript" in pixel.headers["content-type"]
    assert pixel.body == (REPO / "pixel/dist/footfall.js").read_bytes()
    for host in (EVENTS, RECOMMEND):
        plain = http.client.HTTPConnection("127.0.0.1", layout.ports["http"], timeout=60)
        plain.request("GET", "/footfall.js?a=1", headers={"host": host})
        answer = plain.getresponse()
        assert answer.status == 308
        assert answer.headers["location"].startswith(f"https://{host}")
        assert answer.headers["location"].endswith("/footfall.js?a=1")
        plain.close()


def test_another_name_gets_no_certificate(layout: Layout) -> None:
    with pytest.raises(ssl.SSLError):
        layout.ask("shop.example", "/footfall.js")


@pytest.mark.parametrize("host", [EVENTS, RECOMMEND])
@pytest.mark.parametrize("page", ["readyz", "metrics"])
def test_how_the_servers_fare_is_not_told_outside(layout: Layout, host: str, page: str) -> None:
    coded = f"%{ord(page[0]):x}{page[1:]}"
    for path in (
        f"/{page}",
        f"/{page}/",
        f"/{coded}",
        f"//{page}",
        f"/x/../{page}",
        f"/./{page}",
        f"/{page}?a=b",
    ):
        answer = layout.ask(host, path)
        assert answer.status in (308, 404), (path, answer)
        assert b"ready" not in answer.body, path
        assert b"footfall_" not in answer.body, path
    port = layout.ports["collector" if host == EVENTS else "api"]
    inside = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    inside.request("GET", f"/{page}")
    assert inside.getresponse().status == 200, "for this machine's own monitoring"
    inside.close()
    assert layout.ask(host, "/livez").status == 200, "by which `footfall import` finds a collector"


def test_dagster_is_nowhere_outside(layout: Layout) -> None:
    for host in (EVENTS, RECOMMEND):
        assert layout.ask(host, "/server_info").status == 404
        assert layout.ask(host, "/graphql", {"query": "{version}"}).status in (404, 405)


def test_a_visitors_click_changes_what_the_api_says(layout: Layout) -> None:
    """From a browser's batch through the pipeline's container to the API's answer; the address is the visitor's own."""
    settings = layout.settings
    key = next(each for each in settings.write_keys if not each.is_of_a_server)
    guest, now = secrets.token_hex(16), datetime.now(UTC).isoformat()
    [[product]] = duckdb.sql(
        f"select product_id from read_parquet('{settings.paths.lake}/products/**/*.parquet') "
        "where title is not null limit 1"
    ).fetchall()
    batch = [
        {
            "messageId": secrets.token_hex(16),
            "type": "track",
            "event": "Product Viewed",
            "anonymousId": guest,
            "timestamp": now,
            "properties": {"product_id": product},
            "context": {"page": {"url": f"{SHOP}/", "path": "/"}, "sessionId": secrets.token_hex(16)},
        }
    ]
    spoofed = {
        "origin": SHOP,
        "content-type": "text/plain",
        "x-forwarded-for": f"{INVENTED}, {INVENTED}",
        "x-forwarded-proto": "http",
        "forwarded": f"for={INVENTED}",
        "x-real-ip": INVENTED,
    }
    answer = layout.ask(EVENTS, "/v1/batch", {"writeKey": key.key, "batch": batch}, headers=spoofed)
    assert answer.status == 200, answer
    assert json.loads(answer.body)["accepted"] == 1
    assert answer.headers["access-control-allow-origin"] == SHOP
    refused = layout.ask(
        EVENTS,
        "/v1/batch",
        {"writeKey": key.key, "batch": batch},
        headers={"origin": "https://other.example"},
    )
    assert refused.status == 403, refused

    wait_until_sealed(settings)
    done = subprocess.run(
        footfall_command("run", "--lane", "fast"),
        env=layout.environment("pipeline"),
        capture_output=True,
        text=True,
        timeout=900,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    rows = duckdb.sql(
        f"select ip, count(*) from read_parquet('{settings.paths.lake}/events/**/*.parquet') "
        f"where guest_token = '{guest}' group by 1"
    ).fetchall()
    assert rows == [("127.0.2.0", 1)], "neither Caddy's address nor one that the visitor made up"

    deadline = time.monotonic() + 60
    while True:
        shown = layout.ask(
            RECOMMEND,
            f"/v1/recommendations?guest={guest}&limit=4",
            headers={"origin": SHOP, "x-footfall-key": settings.public_key},
        )
        assert shown.status == 200, shown
        sources = {item["source"] for item in json.loads(shown.body)["items"]}
        if sources - {"trending"}:
            break
        assert time.monotonic() < deadline, shown.body
        time.sleep(0.5)
    assert shown.headers["access-control-allow-origin"] == SHOP


def test_the_guest_cookie_travels_over_tls_alone(layout: Layout) -> None:
    """Whatever scheme the visitor says he came by."""
    answer = layout.ask(EVENTS, "/v1/guest", headers={"origin": SHOP, "x-forwarded-proto": "http"})
    assert answer.status == 200, answer
    assert "; Secure" in answer.headers["set-cookie"]


def test_a_body_beyond_every_limit_is_refused(layout: Layout) -> None:
    answer = layout.ask(RECOMMEND, "/v1/recommendations", "x" * 100_000)
    assert answer.status in (405, 413, 502), "502: Caddy 2.6, where the body breaks off"
    key = next(each for each in layout.settings.write_keys if not each.is_of_a_server)
    answer = layout.ask(EVENTS, "/v1/batch", {"writeKey": key.key, "batch": ["x" * 1024] * 2000})
    assert answer.status == 413, answer


def test_what_caddy_logs_of_a_server_that_is_down_names_nobody(layout: Layout) -> None:
    """The last one: the API is gone after it."""
    [api] = [child for child in layout.processes.children if child.name == "api"]
    api.process.terminate()
    api.process.wait(60)
    key = "a_key_of_the_shops_server"
    answer = layout.ask(RECOMMEND, f"/v1/recommendations?user=ada&key={key}", headers={"x-footfall-key": key})
    assert answer.status == 502
    log = (layout.processes.logs / "caddy.log").read_text()
    assert "connection refused" in log
    assert '"127.0.2.0"' in log
    assert not re.search(rf"{key}|ada\b|{re.escape(VISITOR)}|{BROWSER[:11]}", log), log
