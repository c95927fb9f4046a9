"""The Python client against the API: each of its methods, what is refused, and what is no answer."""

from __future__ import annotations

import inspect
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from litestar import Litestar
from litestar.testing import TestClient

from tests.api.conftest import SECRET
from tests.conftest import REPO

PACKAGE = REPO / "packages" / "python-client"
sys.path.insert(0, str(PACKAGE))

from footfall_client import Footfall, FootfallError  # noqa: E402
from footfall_client.generated import Operations  # noqa: E402

#: What there is in the published snapshot, by a parameter's name.
KNOWN: dict[str, Any] = {
    "product_id": "p01", "visitor_id": "ada", "visitor": "ada", "product": "p05", "name": "shelves", "user": "ada",
}  # fmt: skip
SECRET_KEY = SECRET["Authorization"].removeprefix("Bearer ")
METHODS = [name for name in vars(Operations) if not name.startswith("_")]


@pytest.fixture
def served(client: TestClient[Litestar]) -> Callable[[httpx.Request], httpx.Response]:
    """The API of the published snapshot, as a transport asks it."""

    def answer(request: httpx.Request) -> httpx.Response:
        got = client.request(request.method, str(request.url), headers=dict(request.headers))
        return httpx.Response(got.status_code, headers={"retry-after": "7"}, content=got.content)

    return answer


@pytest.fixture
def footfall(served: Callable[[httpx.Request], httpx.Response]) -> Iterator[Footfall]:
    transport = httpx.MockTransport(served)
    with Footfall("http://testserver.local", key=SECRET_KEY, transport=transport) as footfall:
        yield footfall


@pytest.mark.parametrize("method", METHODS)
def test_each_method_gets_the_answer_of_its_type(method: str, footfall: Footfall) -> None:
    ask = getattr(footfall, method)
    signature = inspect.signature(ask)
    needed = {name: KNOWN[name] for name, one in signature.parameters.items() if one.default is one.empty}
    if method == "segment_members":
        needed["name"] = "abandoned_cart"
    answer = ask(**needed)
    assert type(answer).__name__ == signature.return_annotation
    assert answer.version


def test_parameters_arrive(footfall: Footfall) -> None:
    items = footfall.recommendations(user="ada", limit=2, history="any", lang="de").items
    assert len(items) == 2
    assert items[0].title
    assert items[0].reason
    assert footfall.recommendations(exclude=items[0].product_id).items[0].product_id != items[0].product_id
    rows = footfall.mart_rows("shelves", order="-place", limit=1)
    assert len(rows.items) == 1
    assert rows.items[0]["place"] == max(row["place"] for row in footfall.mart_rows("shelves").items)
    shelf = rows.items[0]
    found = footfall.mart_rows(
        "shelves", where=[f"place:{shelf['place']}"], at_least=[f"place:{shelf['place']}"]
    )
    assert found.items == [shelf]


def test_an_id_with_a_slash_is_one_id(footfall: Footfall) -> None:
    with pytest.raises(FootfallError, match=r"404: .*a/b c") as refused:
        footfall.profile("a/b c")
    assert refused.value.status == 404
    assert refused.value.problem["instance"] == "/v1/visitors/a/b c/profile"


def test_a_refusal_says_why(served: Callable[[httpx.Request], httpx.Response]) -> None:
    footfall = Footfall("http://testserver.local", key="wrong", transport=httpx.MockTransport(served))
    with pytest.raises(FootfallError, match=r"^401: the key is unknown$") as refused:
        footfall.segments()
    assert (refused.value.status, refused.value.retry_after) == (401, 7.0)


@pytest.mark.parametrize(
    ("status", "body"), [(200, b"<html>"), (200, b"{}"), (200, b'{"version": 1}'), (502, b"<html>")]
)
def test_what_is_no_answer_is_an_error(status: int, body: bytes) -> None:
    transport = httpx.MockTransport(lambda _: httpx.Response(status, content=body))
    with pytest.raises(FootfallError) as refused:
        Footfall("http://shop.example", key="k", transport=transport).recommendations()
    assert refused.value.status == status
    assert re.search(
        "Bad Gateway" if status == 502 else "no Recommendations of this client's version at http://shop",
        str(refused.value),
    )


@pytest.mark.slow
def test_the_wheel_holds_it_all(tmp_path: Path) -> None:
    """Built from its sdist, as a registry would have it, and imported from there alone."""
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]
    tools, dist = tmp_path / "tools", tmp_path / "dist"
    reached = subprocess.run([*pip, "install", "--target", tools, "build"], capture_output=True)
    if reached.returncode:
        pytest.skip("the Python registry can't be reached: no isolated build")
    env = {**os.environ, "PYTHONPATH": str(tools)}
    subprocess.run([sys.executable, "-m", "build", PACKAGE, "--outdir", dist], env=env, check=True)
    [wheel] = dist.glob("footfall_client-*.whl")
    assert list(dist.glob("footfall_client-*.tar.gz"))
    site = tmp_path / "site"
    subprocess.run([*pip, "install", "--no-deps", "--target", site, wheel], check=True)
    code = "import footfall_client as f; print(f.__file__, f.Footfall('http://x', key='k').recommendations.__doc__)"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={"PYTHONPATH": str(site)},
        capture_output=True,
        text=True,
    )
    assert done.stdout.startswith(str(site)), done.stderr
    assert "Products for a visitor" in done.stdout
    assert (site / "footfall_client" / "py.typed").is_file()
