{#-
  A model whose meta says `cluster_by: visitor_id` keeps the rows of each visitor side by side. Who looks for the rows of a few
  thousand visitors then compares a text once for each visitor of a block, as DuckDB's dictionaries hold it, not once for each row
  (docs/decisions/0019-clustered-tables.md). The rows of an increment are in order among themselves and stand behind the
  others; where such rows are too many, all are put in order again. The model has the column built_at.
-#}

{#- A query with its rows in the order that its model asks for. By hash: numbers are sorted at half the cost of texts. -#}
{%- macro clustered(query) -%}
  {%- set key = config.get('meta', {}).get('cluster_by') -%}
  {%- if not key -%}
    {{ return(query) }}
  {%- endif -%}
  {{ return('select * from (\n' ~ query ~ '\n) as unordered order by hash(' ~ key ~ ')') }}
{%- endmacro -%}


{#-
  What an increment does before it replaces rows: the statements that put the table in order again, or none, as long as
  no more than the var recluster_share of its rows came since it was, or than recluster_rows. Up to which built_at it is in
  order says the table's comment; without one only what was built from nothing is, its oldest rows.
-#}
{%- macro recluster(relation) -%}
  {{ return(adapter.dispatch('recluster', 'footfall')(relation)) }}
{%- endmacro -%}

{%- macro default__recluster(relation) -%}{%- endmacro -%}

{%- macro duckdb__recluster(relation) -%}
  {%- set key = config.get('meta', {}).get('cluster_by') -%}
  {%- if key -%}
    {%- set due -%}
      select cast(max(built.built_at) as varchar)
      from {{ relation }} as built
      where built.built_at > (
        select coalesce(
          max(try_cast(tables.comment as timestamp)),
          (select min(oldest.built_at) from {{ relation }} as oldest)
        )
        from duckdb_tables() as tables
        where tables.database_name = '{{ relation.database }}'
          and tables.schema_name = '{{ relation.schema }}'
          and tables.table_name = '{{ relation.identifier }}'
      )
      having count(*) > greatest(
        {{ var('recluster_rows') }},
        {{ var('recluster_share') }} * (select count(*) from {{ relation }} as every_row)
      )
    {%- endset -%}
    {%- set found = run_query(due).columns[0].values() -%}
    {%- if found -%}
      {%- set in_order = relation.identifier ~ '__in_order' -%}
      create temporary table {{ in_order }} as {{ footfall.clustered('select * from ' ~ relation) }};
      delete from {{ relation }};
      insert into {{ relation }} select * from {{ in_order }};
      drop table {{ in_order }};
      comment on table {{ relation }} is '{{ found[0] }}';
    {%- endif -%}
  {%- endif -%}
{%- endmacro -%}
