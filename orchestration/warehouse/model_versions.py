"""Versions of models: rebuilds those whose rows were made by other SQL or from days that left the lake.

An incremental model keeps what an earlier version of it wrote. After an upgrade, or an analyst's change, its old rows
follow the old rule and may lack a column that an increment asks for; after retention, or after an event was set aside,
they speak of what is gone. So each build notes its versions, and the next one that finds another builds from the whole
lake.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb

from footfall.runtime.paths import Paths
from orchestration.lake.retention import Cut
from orchestration.storage.atomic_write import write_durably
from orchestration.storage.duckdb_files import models_file
from orchestration.warehouse.dbt_runner import project_vars


def versions_in_force(
    project: Path,
    manifest: Mapping[str, Any],
    materialized: str = "incremental",
    cut: Cut | None = None,
    set_aside: datetime | None = None,
    data: Path | None = None,
) -> dict[str, str]:
    """The version of each model so ``materialized``: a hash of its SQL, the macros and the vars in the rows; of a view,
    which says what it was compiled to, all vars.

    Another one after each ``cut`` of the lake (``orchestration.lake.retention``), which its rows are made after, each
    time that an event was ``set_aside`` or restored, and at each place of the ``data`` directory, which views of the
    lake name.
    """
    values = project_vars(project)
    # Funnels, affinities, lists of recommendations and the like notice a change of theirs in SQL.
    in_rows = values["rules_in_rows"]
    shared = [
        *([f"cut {cut.at}"] if cut else []),
        *([f"set aside {set_aside}"] if set_aside else []),
        *([f"data {data.absolute()}"] if data else []),
        *(
            f"{name}={value!r}"
            for name, value in sorted(values.items())
            if materialized == "view" or name in in_rows
        ),
        *(
            macro["macro_sql"]
            for _, macro in sorted(manifest["macros"].items())
            if macro["package_name"] in ("footfall", manifest["metadata"]["project_name"])
        ),
    ]
    base = hashlib.sha256("\0".join(shared).encode()).hexdigest()
    return {
        node["name"]: hashlib.sha256(f"{base}{node['checksum']['checksum']}".encode()).hexdigest()[:16]
        for node in manifest["nodes"].values()
        if node["resource_type"] == "model" and node["config"]["materialized"] == materialized
    }


def outdated(paths: Paths, in_force: Mapping[str, str], models: Collection[str]) -> list[str]:
    """Those of ``models`` whose rows another version made; none where there is no warehouse yet."""
    if not paths.warehouse.exists():
        return []
    built_by = _read(paths)
    return sorted(
        name for name, version in in_force.items() if name in models and built_by.get(name) != version
    )


def stale_views(
    paths: Paths,
    in_force: Mapping[str, str],
    manifest: Mapping[str, Any],
    models: Collection[str],
    published: Collection[str] = (),
) -> list[str]:
    """Views that ``models`` read, near or far, and that stand in the warehouse as another version, or not at all; and
    those of ``published``, which the snapshot reads and perhaps no model does, with the views behind them, as soon as
    what all these read stands.

    A view is what its SQL says whenever it is read. The fast lane leaves views alone (30 to 60 ms of dbt's work each,
    a third of its models), unless an upgrade or an analyst changed one since.
    """
    built_by = _read(paths) if paths.warehouse.exists() else {}
    nodes = manifest["nodes"]
    reached, unseen = set(), [key for key, node in nodes.items() if node["name"] in models]
    while unseen:
        for parent in nodes[unseen.pop()]["depends_on"]["nodes"]:
            if parent in nodes and parent not in reached:
                reached.add(parent)
                unseen.append(parent)
    names = {nodes[key]["name"] for key in reached}
    standing = {*built_by, *models, *names}
    for key, node in nodes.items():
        behind = _views_behind(nodes, key, standing) if node["name"] in published else None
        names |= behind or set()
    return sorted(
        name
        for name, version in in_force.items()
        if name in names - set(models) and built_by.get(name) != version
    )


def _views_behind(nodes: Mapping[str, Any], key: str, standing: Collection[str]) -> set[str] | None:
    """A view and the views that it reads, near or far; None where something else that these read doesn't stand."""
    found = {nodes[key]["name"]}
    for parent in nodes[key]["depends_on"]["nodes"]:
        if parent not in nodes:
            continue
        if nodes[parent]["config"]["materialized"] == "view":
            behind = _views_behind(nodes, parent, standing)
            if behind is None:
                return None
            found |= behind
        elif nodes[parent]["name"] not in standing:
            return None
    return found


def note(paths: Paths, in_force: Mapping[str, str], models: Collection[str]) -> None:
    """Write down that ``models`` were built by the current versions."""
    _write(paths, _read(paths) | {name: version for name, version in in_force.items() if name in models})


def forget(paths: Paths, models: Collection[str]) -> None:
    """Remove the versions of ``models``: until they are noted again, the next build makes them from the whole lake."""
    _write(paths, {name: version for name, version in _read(paths).items() if name not in models})


def drop_former(paths: Paths, manifest: Mapping[str, Any]) -> list[str]:
    """Drop the tables and views of models that were noted and that the project no longer has, under that name.

    They would take disk, and keep rows of people who were forgotten since. Returns the models' names. The caller holds
    the warehouse, and has closed it.
    """
    noted = _read(paths)
    former = sorted(noted.keys() - {node["name"] for node in manifest["nodes"].values()})
    if not former:
        return []
    with duckdb.connect(str(paths.warehouse)) as connection:
        standing = connection.execute(
            "select table_name, table_type from information_schema.tables where table_schema = 'main'"
        ).fetchall()
        for name, kind in standing:
            if name in former:
                connection.execute(f'drop {"view" if kind == "VIEW" else "table"} "{name}"')
    _write(paths, {name: version for name, version in noted.items() if name not in former})
    return former


def _read(paths: Paths) -> dict[str, str]:
    file = models_file(paths)
    return dict(json.loads(file.read_text())) if file.exists() else {}


def _write(paths: Paths, versions: Mapping[str, str]) -> None:
    content = json.dumps(versions, indent=1, sort_keys=True)
    write_durably(models_file(paths), lambda aside: aside.write_text(content))
