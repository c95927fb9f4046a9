{#-
  What an increment has to compute again, said in one place.

  int_touched_devices is a log: with every run each device that new messages say something about, and the earliest
  moment that they speak of. Whoever is built from it keeps in `built_at` the newest entry that it was built with, and
  with the next run takes what was logged since: a model that a run left out, or that failed, catches up.
-#}

{#-
  The moment that rows were staged, as a SQL expression: the start of this dbt run, moved past the
  latest moment already in the model, so that it grows with every run whatever the clock does.
-#}
{%- macro staged_moment() -%}
  {%- set started = "cast('" ~ run_started_at.strftime('%Y-%m-%d %H:%M:%S.%f') ~ "' as timestamp)" -%}
  {%- if is_incremental() -%}
    greatest({{ started }}, coalesce((select {{ footfall.add_microseconds('max(staged_at)', 1) }} from {{ this }}), {{ started }}))
  {%- else -%}
    {{ started }}
  {%- endif -%}
{%- endmacro -%}


{#- The newest message that this model knows of, as a scalar query. -#}
{%- macro last_staged_at() -%}
  select coalesce(max(built.staged_at), cast('1970-01-01' as timestamp)) from {{ this }} as built
{%- endmacro -%}


{#- The newest entry of the log that this model was built with, as a scalar query. -#}
{%- macro last_built_at() -%}
  select coalesce(max(built.built_at), cast('1970-01-01' as timestamp)) from {{ this }} as built
{%- endmacro -%}


{#- The newest entry of the log, for the column built_at, as a SQL expression. -#}
{%- macro built_moment() -%}
  coalesce(
    (select max(log.staged_at) from {{ ref('int_touched_devices') }} as log),
    cast('1970-01-01' as timestamp)
  )
{%- endmacro -%}


{#- Devices touched since this model was last built, and from when on: a select of (device, touched_from). -#}
{%- macro touched_devices() -%}
  select
    log.device,
    min(log.touched_from) as touched_from
  from {{ ref('int_touched_devices') }} as log
  where log.staged_at > ({{ footfall.last_built_at() }})
  group by log.device
{%- endmacro -%}


{#- Order ids that a message staged since this model was last built speaks of. -#}
{%- macro touched_orders() -%}
  select arrivals.order_id
  from {{ ref('stg_footfall__events') }} as arrivals
  where arrivals.order_id is not null
    and arrivals.staged_at > ({{ footfall.last_staged_at() }})
{%- endmacro -%}


{#-
  Incremental strategy `replace_from`: of each unique_key in the new rows, what stands from its least value of
  meta.replaced_from on is replaced. For facts whose past no later event can change: sessions by number, days by date.
-#}
{%- macro get_incremental_replace_from_sql(arguments) -%}
  {%- set key = arguments['unique_key'] -%}
  {%- set from_column = config.get('meta')['replaced_from'] -%}
  {%- set columns = get_quoted_csv(arguments['dest_columns'] | map(attribute='name')) %}
  delete from {{ arguments['target_relation'] }} as built
  using (
    select
      {{ key }} as replaced_key,
      min({{ from_column }}) as replaced_from
    from {{ arguments['temp_relation'] }}
    group by {{ key }}
  ) as newly
  where built.{{ key }} = newly.replaced_key
    and built.{{ from_column }} >= newly.replaced_from;

  insert into {{ arguments['target_relation'] }} ({{ columns }})
  select {{ columns }} from {{ arguments['temp_relation'] }}
{%- endmacro -%}
