"""A dbt project of the shop's own, which has Footfall's as a package: its funnels, segments, numbers and models.

So an upgrade of Footfall changes no file of the shop's. The package is a link that Footfall keeps, since where Footfall
is installed differs between an analyst's laptop, the server and a container: no `dbt deps`, no packages.yml.
"""

from __future__ import annotations

import re
from pathlib import Path

from footfall.settings import SettingsError
from orchestration.storage.environment import DBT_PROJECT

PROJECT_FILE = "dbt_project.yml"
#: Where dbt looks for packages, unless the project says otherwise.
PACKAGES = "dbt_packages"

_PROJECT = """\
# The shop's own rules and models. Footfall's are the package `footfall`; what stands here wins or is added.
# `footfall check` reads all of it in seconds, `dbt build --target dev` builds it into a file of your own.
name: shop
version: "1.0.0"
config-version: 2
profile: footfall

model-paths: [models]
macro-paths: [macros]
test-paths: [tests]
clean-targets: [target, logs]

flags:
  send_anonymous_usage_stats: false
  require_generic_test_arguments_property: true
  indirect_selection: buildable

dispatch:
  - macro_namespace: dbt
    search_order: [shop, footfall, dbt]

# models/x.sql is the asset shop/x in Dagster, and a table.
models:
  shop:
    +materialized: table

vars:
  # Added to Footfall's funnels, which `funnels: []` would drop (docs/analyst/add-a-funnel.md):
  #   - name: size_picked
  #     scope: session
  #     steps:
  #       - {name: Viewed, event: Product Viewed}
  #       - {name: Picked a size, event: Product Option Selected, where: "lower(option_name) = 'size'"}
  shop_funnels: []
  # Added to Footfall's segments, which `segments: []` would drop (docs/analyst/add-a-segment.md):
  #   - name: big_baskets
  #     description: More than 200 in the cart.
  #     where: cart_value > 200
  shop_segments: []
  # Any number of a rule, with another value than in the package's dbt_project.yml:
  #   session_gap_seconds: 3600
"""
_IGNORED = "# Made by Footfall and dbt.\n/dbt_packages\n/profiles.yml\n/target\n/logs\n/.user.yml\n"


def new_project(folder: Path) -> list[Path]:
    """Write the files that a shop's project lacks; returns those written. Raises OSError."""
    written = []
    for name, content in ((PROJECT_FILE, _PROJECT), (".gitignore", _IGNORED)):
        file = folder / name
        if not file.exists():
            folder.mkdir(parents=True, exist_ok=True)
            file.write_text(content, encoding="utf-8")
            written.append(file)
    (folder / "models").mkdir(exist_ok=True)
    link_package(folder)
    return written


def link_package(project: Path) -> None:
    """Let a shop's project find Footfall's models and profile where they are installed here; nothing to do for
    Footfall's own, or a copy of it. Raises SettingsError where there is no project, or the links can't be made.
    """
    if project.resolve() == DBT_PROJECT:
        return
    try:
        text = (project / PROJECT_FILE).read_text(encoding="utf-8")
    except OSError as error:
        raise SettingsError(
            f"{project / PROJECT_FILE} can't be read ({error.strerror}): `footfall dbt-init` begins a project, "
            "or correct the setting dbt_project"
        ) from None
    if re.search(r"^name: *[\"']?footfall\b", text, re.MULTILINE):
        return
    for link, place in (
        (project / PACKAGES / "footfall", DBT_PROJECT),
        (project / "profiles.yml", DBT_PROJECT / "profiles.yml"),
    ):
        if link.is_symlink() and link.readlink() == place:
            continue
        if link.exists() and not link.is_symlink():
            continue  # the shop's own profile, or a copy of the package that `dbt deps` made
        try:
            link.parent.mkdir(exist_ok=True)
            link.unlink(missing_ok=True)
            link.symlink_to(place)
        except OSError as error:
            raise SettingsError(f"{link}: no link to {place} can be made here: {error.strerror}") from None
