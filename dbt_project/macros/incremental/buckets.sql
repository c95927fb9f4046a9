{#-
  A model too large to be built at once is built one bucket of devices, or visitors, after the other: what it must hold
  stays within the memory limit, however long the history is. The model says in its meta
    rows_to_build   a macro that says how many of them a build takes, as a scalar query
    row_bytes       the var that says what one of them takes of the memory limit meanwhile
  and in_bucket(key) where it reads them. Each bucket reads its inputs again, so there are no more than the memory asks
  for.
-#}

{#- Whether a key is of the bucket at hand: a condition that create_table_as completes; always true in one go. -#}
{%- macro in_bucket(key) -%}
  {{ return(adapter.dispatch('in_bucket', 'footfall')(key)) }}
{%- endmacro -%}

{%- macro duckdb__in_bucket(key) -%} true /* bucket of {{ key }} */ {%- endmacro -%}
{%- macro default__in_bucket(key) -%} true {%- endmacro -%}


{#- How many events wait for their session, as a scalar query. -#}
{%- macro staged_events() -%}
  select count(*) from {{ ref('stg_footfall__events') }} as staged
  {%- if is_incremental() %} where staged.staged_at > ({{ footfall.last_built_at() }}){% endif -%}
{%- endmacro -%}


{#- In how many buckets the model at hand is built. -#}
{%- macro buckets_needed() -%}
  {%- set meta = config.get('meta', {}) -%}
  {%- if meta.get('rows_to_build') -%}
    {%- set limit = "parse_formatted_bytes(current_setting('memory_limit'))" -%}
    {%- set rows = '(' ~ context[meta['rows_to_build']]() ~ ')' -%}
    {%- set needed = 'select ceil(' ~ rows ~ ' * ' ~ var(meta['row_bytes']) ~ ' / ' ~ limit ~ ')' -%}
    {{ return(run_query(needed).columns[0].values()[0] | int) }}
  {%- endif -%}
  {{ return(1) }}
{%- endmacro -%}


{#-
  dbt-duckdb's own, run once for each bucket; the last one is returned, as dbt expects it, for the model's own statement.
  All are of the model's transaction, which the first one begins. What an increment appends goes straight from its query
  into the table: what dbt calls the temporary table of the new rows is a view then, and they are not written twice. Who
  replaces rows deletes others before, and needs the table.
-#}
{%- macro duckdb__create_table_as(temporary, relation, compiled_code, language='sql', partitioned_by=none, sorted_by=none) -%}
  {%- if temporary and language == 'sql' and model.resource_type == 'model'
      and config.get('incremental_strategy') == 'append' and not config.get('contract').enforced -%}
    {{ return('create temporary view ' ~ relation.include(database=false, schema=false) ~ ' as (' ~ compiled_code ~ ')') }}
  {%- endif -%}
  {%- set buckets = footfall.buckets_needed() -%}
  {%- if buckets <= 1 -%}
    {{ return(dbt.duckdb__create_table_as(
      temporary, relation, compiled_code, language, partitioned_by=partitioned_by, sorted_by=sorted_by
    )) }}
  {%- endif -%}
  {%- set target = relation.include(database=(not temporary), schema=(not temporary)) -%}
  {%- set work = namespace(bucket='') -%}
  {%- for bucket in range(buckets) -%}
    {%- set condition = 'hash(\\1) % ' ~ buckets ~ ' = ' ~ bucket -%}
    {%- set selected = modules.re.sub('true /[*] bucket of ([^ ]+) [*]/', condition, compiled_code) -%}
    {%- if selected == compiled_code -%}
      {%- do exceptions.raise_compiler_error('a model with rows_to_build says nowhere in_bucket(key)') -%}
    {%- endif -%}
    {%- if loop.first -%}
      {%- set work.bucket = dbt.duckdb__create_table_as(temporary, relation, selected) -%}
    {%- else -%}
      {%- set work.bucket = 'insert into ' ~ target ~ ' ' ~ selected -%}
    {%- endif -%}
    {%- do log(model.name ~ ': bucket ' ~ loop.index ~ ' of ' ~ buckets, info=true) -%}
    {%- if not loop.last -%}
      {%- call statement('bucket') -%}{{ work.bucket }}{%- endcall -%}
    {%- endif -%}
  {%- endfor -%}
  {{ return(work.bucket) }}
{%- endmacro -%}
