"""A dbt project of the shop's own: begun, linked to Footfall's, checked with file and line, and run."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest
import yaml
from click.testing import CliRunner
from litestar.testing import TestClient

from api.app import create_app
from footfall.runtime.supervisor import footfall_command
from footfall.settings import SettingsError, load_settings
from orchestration.commands.shop_project import check, dbt_init
from orchestration.storage.environment import DBT_PROJECT
from orchestration.warehouse.dbt_runner import project_fingerprint, project_vars
from orchestration.warehouse.shop_project import link_package, new_project
from tests.built_shop import data_folder, environment

FUNNELS = """\
  shop_funnels:
    - name: size_picked
      scope: session
      steps:
        - {name: Viewed, event: Product Viewed}
        - name: Picked a size
          event: Product Option Selected
          where: lower(option_name) = 'size'
"""
SEGMENTS = """\
  shop_segments:
    - name: returned
      description: Came twice or more.
      where: sessions >= 2
"""
MART = """\
select
  visitor_id,
  count(*) as looks
from {{ ref('product_interactions') }}
where interaction = 'view'
group by visitor_id
"""
CONTRACT = """\
version: 2
models:
  - name: looks
    description: Looks by visitor.
    config: {contract: {enforced: true}, meta: {served: [looks, visitor_id]}}
    columns:
      - {name: visitor_id, data_type: varchar, description: Visitor., data_tests: [unique]}
      - {name: looks, data_type: bigint, description: Product views.}
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project as `footfall dbt-init` begins it, with a funnel, a segment and a mart."""
    folder = tmp_path / "rules"
    new_project(folder)
    declare(folder, FUNNELS, SEGMENTS)
    (folder / "models" / "looks.sql").write_text(MART)
    (folder / "models" / "looks.yml").write_text(CONTRACT)
    return folder


def declare(project: Path, funnels: str, segments: str) -> None:
    file = project / "dbt_project.yml"
    text = file.read_text()
    assert "  shop_funnels: []\n" in text
    assert "  shop_segments: []\n" in text
    file.write_text(text.replace("  shop_funnels: []\n", funnels).replace("  shop_segments: []\n", segments))


def line_of(project: Path, text: str, file: str = "dbt_project.yml") -> int:
    [number] = [
        number for number, line in enumerate((project / file).read_text().splitlines(), 1) if text in line
    ]
    return number


def replace(project: Path, before: str, after: str, file: str = "dbt_project.yml") -> None:
    text = (project / file).read_text()
    assert text.count(before) == 1
    (project / file).write_text(text.replace(before, after))


def test_a_project_is_begun_once_and_follows_the_installation(tmp_path: Path) -> None:
    folder = tmp_path / "rules"
    begun = CliRunner().invoke(dbt_init, [str(folder)], catch_exceptions=False)
    assert f'dbt_project = "{folder}"' in begun.output
    package = folder / "dbt_packages" / "footfall"
    assert package.resolve() == DBT_PROJECT
    assert (folder / "profiles.yml").read_text() == (DBT_PROJECT / "profiles.yml").read_text()

    (folder / "dbt_project.yml").write_text("name: mine\n")
    package.unlink()
    package.symlink_to("/opt/before/dbt_project")  # where Footfall was installed before
    assert "wrote" not in CliRunner().invoke(dbt_init, [str(folder)], catch_exceptions=False).output
    assert (folder / "dbt_project.yml").read_text() == "name: mine\n", "what stands stays"
    assert package.resolve() == DBT_PROJECT

    (folder / "profiles.yml").unlink()
    (folder / "profiles.yml").write_text("footfall: {}\n")
    link_package(folder)
    assert (folder / "profiles.yml").read_text() == "footfall: {}\n", "a profile of the shop's own"


def test_a_place_without_a_project_is_told(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"No such file.*dbt-init.*setting dbt_project"):
        link_package(tmp_path)
    found = CliRunner().invoke(check, [str(tmp_path / "nowhere")])
    assert found.exit_code == 1
    assert "dbt-init" in found.output


def test_its_vars_stand_in_the_place_of_the_packages(tmp_path: Path) -> None:
    folder = tmp_path / "rules"
    new_project(folder)
    package = yaml.safe_load((DBT_PROJECT / "dbt_project.yml").read_text())["vars"]
    assert project_vars(folder) == package
    before = project_fingerprint(folder)
    replace(folder, "  shop_funnels: []\n", "  session_gap_seconds: 60\n  footfall: {pair_top_k: 7}\n")
    found = project_vars(folder)
    assert (found["session_gap_seconds"], found["pair_top_k"]) == (60, 7)
    assert found["session_cap_seconds"] == package["session_cap_seconds"]
    assert project_fingerprint(folder) != before


@pytest.mark.slow
def test_what_is_wrong_is_told_with_file_and_line(project: Path) -> None:
    fine = CliRunner().invoke(check, [str(project)], catch_exceptions=False)
    assert fine.exit_code == 0, fine.output

    replace(project, "where: lower(option_name)", "where: lower(optionname)")
    replace(project, "sessions >= 2", "sesions >= 2")
    replace(project, "count(*) as looks", "count(*) as views", "models/looks.sql")
    (project / "models" / "prices.sql").write_text(
        "select\n  product_id,\n  pricey\nfrom {{ ref('products') }}"
    )
    found = CliRunner().invoke(check, [str(project)], catch_exceptions=False)
    assert found.exit_code == 1
    where, who = line_of(project, "lower(optionname)"), line_of(project, "sesions")
    for told in (
        f"dbt_project.yml:{where}: funnel size_picked, step 2 (Picked a size): Binder Error: Referenced column",
        f"dbt_project.yml:{who}: segment returned: Binder Error: Referenced column",
        'Candidate bindings: "option_name"',
        "models/prices.sql:3: Binder Error",
        "models/looks.yml: looks: the model has no column looks of its contract",
    ):
        assert told in found.output


@pytest.mark.slow
@pytest.mark.parametrize(
    ("before", "after", "file", "told"),
    [
        ("where: sessions", "wehre: sessions", "dbt_project.yml",
         "dbt_project.yml:{- name: returned}: segment returned: wehre is none of"),
        ("vars:\n", "vars:\n  session_gap_seconds: -5\n", "dbt_project.yml",
         "dbt_project.yml:{session_gap_seconds: -5}: vars of dbt_project.yml: session_gap_seconds -5 is not a number"),
        ("  shop_segments:\n", "  shop_segments:\n   [\n", "dbt_project.yml", "dbt_project.yml:"),
        ("product_interactions", "product_interaction", "models/looks.sql", "models/looks.sql: "),
        ("[looks,", "[views,", "models/looks.yml", "meta.served of looks: "),
    ],
)  # fmt: skip
def test_a_declaration_that_cant_be_meant_is_told_with_its_line(
    project: Path, before: str, after: str, file: str, told: str
) -> None:
    replace(project, before, after, file)
    found = CliRunner().invoke(check, [str(project)], catch_exceptions=False)
    assert found.exit_code == 1
    head, brace, rest = told.partition("{")
    if brace:
        named, _, rest = rest.partition("}")
        head += str(line_of(project, named))
    assert head + rest in found.output


@pytest.mark.pipeline
def test_what_the_shop_declares_is_built_and_served(built_shop: Path, project: Path) -> None:
    """By the analyst's plain dbt into a file of their own, and by the pipeline, which adds to what stood."""
    with data_folder() as data:
        shutil.copytree(built_shop, data, symlinks=True)
        env = environment(data, FOOTFALL_DBT_PROJECT=str(project), USER="anna")
        (data / "dev").mkdir(exist_ok=True)
        dbt = [str(Path(sys.executable).with_name("dbt")), "build", "--target", "dev"]
        done = subprocess.run(
            [*dbt, "--select", "+looks", "+funnel_steps", "--exclude", "resource_type:unit_test"],
            cwd=project, env=env, capture_output=True, text=True, timeout=300,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout
        with duckdb.connect(str(data / "dev" / "warehouse_anna.duckdb"), read_only=True) as own:
            asked = "select step_name, reached from funnel_steps where funnel = 'size_picked' order by step"
            steps = own.execute(asked).fetchall()
            assert [name for name, _ in steps] == ["Viewed", "Picked a size"]
            assert steps[0][1] > steps[1][1] > 0

        done = subprocess.run(footfall_command("run"), env=env, capture_output=True, text=True, timeout=600)
        assert done.returncode == 0, done.stdout + done.stderr
        assert "built from the whole lake" not in done.stdout + done.stderr, "an increment, as before"
        with TestClient(create_app(load_settings(env))) as client:
            headers = {"X-Footfall-Key": "ff_demo_secret_key"}
            served = client.get("/v1/marts/funnel_steps?where=funnel:size_picked", headers=headers).json()
            assert [(each["step_name"], each["reached"]) for each in served["items"]] == steps
            looks = client.get("/v1/marts/looks?order=-looks&limit=1", headers=headers).json()["items"]
            assert looks[0]["looks"] > 1
            segment = client.get("/v1/segments/returned/members?limit=1", headers=headers).json()
            assert segment["members"] > 0
            assert client.get("/v1/segments/champions/members", headers=headers).status_code == 200
