"""Every model also is Spark's SQL: with the macros of another engine it compiles, parses, and calls what Spark has.

Engine differences stand in macros/cross_db, each macro with a form for DuckDB and a default for others. Here DuckDB's
forms are taken away, so that dbt renders every model, seen as a build from nothing, from the defaults alone. sqlglot
parses the result in Spark's dialect. What this cannot see: whether Spark gives the same rows.
"""

from __future__ import annotations

import json
import re
import shutil

import pytest
import sqlglot
from dbt_kit import PROJECT_DIR, Lake
from sqlglot import exp

#: What the models call, all in Spark 4's list of functions (spark.apache.org/docs/latest/api/sql).
SPARK_FUNCTIONS = frozenset(
    """
    abs avg cast coalesce collect_list concat count date_trunc decode dense_rank element_at extract
    first_value floor from_json get_json_object greatest input_file_name lag last_value lead least listagg
    ln lower lpad make_interval max max_by md5 min min_by named_struct nullif parse_url percent_rank
    percentile posexplode power regexp_extract regexp_replace replace round row_number sequence slice
    sort_array split sqrt substring sum timestamp_micros to_json transform trim try_cast try_element_at
    try_url_decode unix_micros upper var_samp
    """.split()
)
#: Before a bracket stand these too.
KEYWORDS = frozenset(
    """
    all and any array as between by case distinct else end except exists filter from group having in inner intersect
    is join lateral left like not on or order over partition select then union using values when where with within
    decimal
    """.split()
)

#: Each mode's SQL, with what a declaration may hold.
FUNNELS = [
    {
        "name": f"{mode} {bool(more)}",
        "mode": mode,
        "steps": [{"event": "Product Viewed"}, {"event": "Product Added", "where": "product_id = 'p1'"}],
        **more,
    }
    for mode in ("default", "strict_once", "strict_increase", "strict_order", "any_order")
    for more in ({}, {"scope": "session", "breakdown": "channel", "exclude": [{"event": "Product Removed"}]})
]


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Each model's SQL as another engine than DuckDB gets it."""
    from dbt.cli.main import dbtRunner

    place = tmp_path_factory.mktemp("spark")
    project = place / "dbt_project"
    shutil.copytree(PROJECT_DIR, project, ignore=shutil.ignore_patterns("target", "logs"))
    forms = 0
    for file in (project / "macros" / "cross_db").glob("*.sql"):
        text, found = re.subn(r"\{%-? macro duckdb__.*?endmacro -?%\}", "", file.read_text(), flags=re.DOTALL)
        file.write_text(text)
        forms += found
    assert forms >= 15
    settings = project / "dbt_project.yml"
    # in Spark a name in double quotes is a text
    settings.write_text(
        settings.read_text() + "\nquoting: {database: false, schema: false, identifier: false}\n"
    )
    Lake(place / "data")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FOOTFALL_DATA", str(place / "data"))
        patch.setenv("DO_NOT_TRACK", "1")
        result = dbtRunner().invoke(
            [
                "compile", "--quiet", "--target", "lint", "--no-introspect", "--vars", json.dumps({"funnels": FUNNELS}),
                "--project-dir", str(project), "--profiles-dir", str(project),
                "--target-path", str(place / "target"), "--log-level-file", "none",
            ]
        )  # fmt: skip
    assert result.success, result.exception
    models = place / "target" / "compiled" / "footfall" / "models"
    # tests are compiled into directories named like their YAML file
    files = (file for file in sorted(models.rglob("*.sql")) if not file.parent.name.endswith(".yml"))
    return {file.stem: file.read_text() for file in files}


def called(sql: str) -> set[str]:
    """Names before a bracket that are neither keyword, nor CTE, nor column list."""
    bare = re.sub(r"--.*|/\*.*?\*/|'(?:[^']|'')*'|`[^`]*`", " ", sql)
    return {name.lower() for name in re.findall(r"\b([a-zA-Z_]\w*)\s*\(", bare)} - KEYWORDS


def test_every_model_is_there(compiled: dict[str, str]) -> None:
    assert set(compiled) == {file.stem for file in (PROJECT_DIR / "models").rglob("*.sql")}


def test_every_model_parses_as_spark(compiled: dict[str, str]) -> None:
    for name, sql in compiled.items():
        statements = sqlglot.parse(sql, read="spark")
        assert len(statements) == 1, name
        assert isinstance(statements[0], exp.Query), name


def test_every_function_is_one_of_spark(compiled: dict[str, str]) -> None:
    foreign = {name: called(sql) - SPARK_FUNCTIONS for name, sql in compiled.items()}
    assert {name: sorted(found) for name, found in foreign.items() if found} == {}


def test_a_foreign_function_is_seen() -> None:
    assert called("select epoch_us(a), max(b) from t where c in (1) -- list_filter(x)") == {"epoch_us", "max"}
