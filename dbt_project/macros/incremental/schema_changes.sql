{#-
  Of an increment dbt asks twice what columns there are, in the new rows and in the table, through its adapter each: a
  quarter of what a small model costs it. Here one statement asks whether they differ, and where they do, dbt goes on as ever
  (on_schema_change).
-#}
{%- macro duckdb__process_schema_changes(on_schema_change, source_relation, target_relation) -%}
  {%- set compare -%}
    select
      column_name as name,
      count(*) as found
    from (
      select column_name, column_type from (describe {{ source_relation }})
      union all
      select column_name, column_type from (describe {{ target_relation }})
    ) as columns
    group by column_name, column_type
  {%- endset -%}
  {%- set columns = run_query(compare).columns -%}
  {%- if columns[1].values() | reject('equalto', 2) | list or on_schema_change == 'ignore' -%}
    {{ return(dbt.default__process_schema_changes(on_schema_change, source_relation, target_relation)) }}
  {%- endif -%}
  {%- set same = [] -%}
  {%- for name in columns[0].values() -%}
    {%- do same.append({'name': name}) -%}
  {%- endfor -%}
  {{ return(same) }}
{%- endmacro -%}
