{#-
  A model too large to be built at once is built one bucket of devices after the other: what a join must hold stays
  within the memory limit, however long the history is. The model says
    meta.events_to_build   a macro that says how many events a build takes, as a scalar query
  and in_bucket(device) wherever it reads events. Each bucket reads the events again (3.4 s of CPU for 10 million), so
  there are no more than the memory asks for: var bucket_event_bytes.
-#}

{#- Whether a device is of the bucket at hand: a condition that create_table_as completes; always true in one go. -#}
{%- macro in_bucket(device) -%}
  {{ return(adapter.dispatch('in_bucket', 'footfall')(device)) }}
{%- endmacro -%}

{%- macro duckdb__in_bucket(device) -%} true /* bucket of {{ device }} */ {%- endmacro -%}
{%- macro default__in_bucket(device) -%} true {%- endmacro -%}


{#- How many events wait to be numbered, as a scalar query. -#}
{%- macro staged_events() -%}
  select count(*) from {{ ref('stg_footfall__events') }} as staged
  {%- if is_incremental() %} where staged.staged_at > ({{ footfall.last_built_at() }}){% endif -%}
{%- endmacro -%}


{#- In how many buckets the model at hand is built. -#}
{%- macro buckets_needed() -%}
  {%- set events = config.get('meta', {}).get('events_to_build') -%}
  {%- if events -%}
    {%- set bytes = "parse_formatted_bytes(current_setting('memory_limit'))" -%}
    {%- set needed = 'select ceil((' ~ context[events]() ~ ') * ' ~ var('bucket_event_bytes') ~ ' / ' ~ bytes ~ ')' -%}
    {{ return(run_query(needed).columns[0].values()[0] | int) }}
  {%- endif -%}
  {{ return(1) }}
{%- endmacro -%}


{#- dbt-duckdb's own, run once for each bucket. -#}
{%- macro duckdb__create_table_as(temporary, relation, compiled_code, language='sql', partitioned_by=none, sorted_by=none) -%}
  {%- set buckets = footfall.buckets_needed() -%}
  {%- if buckets <= 1 -%}
    {{ return(dbt.duckdb__create_table_as(
      temporary, relation, compiled_code, language, partitioned_by=partitioned_by, sorted_by=sorted_by
    )) }}
  {%- endif -%}
  {%- set statements = [] -%}
  {%- for bucket in range(buckets) -%}
    {%- set condition = 'hash(\\1) % ' ~ buckets ~ ' = ' ~ bucket -%}
    {%- set selected = modules.re.sub('true /[*] bucket of ([^ ]+) [*]/', condition, compiled_code) -%}
    {%- if selected == compiled_code -%}
      {%- do exceptions.raise_compiler_error('a model with events_to_build says nowhere in_bucket(device)') -%}
    {%- endif -%}
    {%- if loop.first -%}
      {%- do statements.append(dbt.duckdb__create_table_as(temporary, relation, selected)) -%}
    {%- else -%}
      {%- set target = relation.include(database=(not temporary), schema=(not temporary)) -%}
      {%- do statements.append('insert into ' ~ target ~ ' ' ~ selected ~ ';') -%}
    {%- endif -%}
  {%- endfor -%}
  {{ return(statements | join('\n')) }}
{%- endmacro -%}
