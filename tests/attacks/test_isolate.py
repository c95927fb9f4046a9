"""A message that a model can't take stops no shop for good: the run names it, one command sets it aside, another
brings it back.
"""

from __future__ import annotations

import re
import shlex
import shutil
from collections.abc import Callable

import pytest

from footfall.settings import REPO
from orchestration.lake.loader import load_waiting
from tests.attacks.conftest import Shop
from tests.attacks.messages import viewed

pytestmark = pytest.mark.pipeline

RECONCILIATION = """
select sum(accepted), sum(in_lake), sum(staged), sum(duplicates), sum(set_aside), bool_and(is_balanced)
from events_reconciliation
"""
#: A shop's own mart, with a fault that one message in a thousand meets.
OWN_MART = """
select event_id, case when page_title = 'poisoned' then error('a title of its own') else page_title end as title
from {{ ref('stg_footfall__events') }}
"""


@pytest.fixture(scope="module")
def shop(open_shop: Callable[..., Shop], tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """A shop with a checkout of its own, whose dbt project has one mart more."""
    home = tmp_path_factory.mktemp("checkout")
    for name in ("footfall", "collector", "orchestration", "api", "demo", "pixel/dist", "dbt_project"):
        if (REPO / name).exists():
            shutil.copytree(
                REPO / name, home / name, ignore=shutil.ignore_patterns("target", "logs", "__pycache__")
            )
    shutil.copy(REPO / "dagster.yaml", home)
    (home / "dbt_project" / "models" / "marts" / "quality" / "own_titles.sql").write_text(OWN_MART)
    shop = open_shop()
    # Not the working directory's packages, which come first otherwise.
    shop.env |= {"PYTHONPATH": str(home), "PYTHONSAFEPATH": "1"}
    return shop


def load(shop: Shop, *messages: dict[str, object]) -> None:
    shop.send(messages)
    shop.seal()
    load_waiting(shop.settings)


def test_a_poisoned_message_is_named_set_aside_and_brought_back(shop: Shop) -> None:
    poison = viewed("7", title="poisoned")
    load(shop, *(viewed(str(number)) for number in range(6)))
    load(shop, viewed("1"), poison, viewed("2"))
    load(shop, *(viewed(str(number)) for number in range(4)))

    said = shop.run(fails=True)
    told = said[said.rindex("the model own_titles fails on data: Invalid Input Error: a title of its own") :]
    assert "it fails on events of load 2:" in told
    assert f"message id {poison['messageId']} at " in told
    command = re.search(r"footfall (events set-aside .*)", told)
    assert command is not None
    doctor = shop.footfall("doctor", fails=True)
    assert command[0] in doctor
    assert f"message id {poison['messageId']} at " in doctor

    assert "1 event set aside" in shop.footfall(*shlex.split(command[1]))
    shop.run()
    assert shop.rows(RECONCILIATION) == [(13, 13, 12, 0, 1, True)]
    assert shop.rows("select count(*), count(*) filter (title = 'poisoned') from own_titles") == [(12, 0)]
    wrong = [line for line in shop.footfall("doctor", fails=True).splitlines() if line.startswith(" !!")]
    assert not [line for line in wrong if "own_titles" in line]

    named = ("--message-id", str(poison["messageId"]))
    assert "breaks own_titles" in shop.footfall("events", "find", *named)
    assert "1 event restored" in shop.footfall("events", "restore", *named)
    assert "nothing is set aside" in shop.footfall("events", "list")
