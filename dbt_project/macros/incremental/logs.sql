{#-
  What an increment has to compute again, said in one place.

  int_changed_devices is a log: with every run each device that new messages say something about, and the earliest
  moment that they speak of. int_changed_visitors is made from it: the visitors whose facts may be others now, because
  their devices were changed, or belong to somebody else since. Whoever is built from a log keeps in `built_at` the
  newest entry that it was built with, and with the next run takes what was logged since: a model that a run left out,
  or that failed, catches up.
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


{#- The newest entry of a log, for the column built_at, as a SQL expression. -#}
{%- macro built_moment(log='int_changed_devices') -%}
  coalesce(
    (select max(log.staged_at) from {{ ref(log) }} as log),
    cast('1970-01-01' as timestamp)
  )
{%- endmacro -%}


{#- Before anything happened: from here on is all of it. -#}
{%- macro the_beginning() -%}
  cast('0001-01-01' as timestamp)
{%- endmacro -%}


{#- Devices changed since this model was last built, and from when on: a select of (device, changed_from). -#}
{%- macro changed_devices() -%}
  select
    log.device,
    min(log.changed_from) as changed_from
  from {{ ref('int_changed_devices') }} as log
  where log.staged_at > ({{ footfall.last_built_at() }})
  group by log.device
{%- endmacro -%}


{#- The same for visitors: a select of (visitor_id, changed_from). -#}
{%- macro changed_visitors() -%}
  select
    log.visitor_id,
    min(log.changed_from) as changed_from
  from {{ ref('int_changed_visitors') }} as log
  where log.staged_at > ({{ footfall.last_built_at() }})
  group by log.visitor_id
{%- endmacro -%}


{#-
  The devices that may hold something of the visitors of a relation `visitors` (visitor_id, changed_from), and from when
  on it may be changed: a select of (device, changed_from).
-#}
{%- macro devices_of(visitors) -%}
  select
    log.device,
    min({{ visitors }}.changed_from) as changed_from
  from {{ ref('int_changed_visitors') }} as log
  inner join {{ visitors }}
    on log.visitor_id = {{ visitors }}.visitor_id
  group by log.device
{%- endmacro -%}


{#- Order ids that a message staged since this model was last built speaks of. -#}
{%- macro changed_orders() -%}
  select arrivals.order_id
  from {{ ref('stg_shop__order_messages') }} as arrivals
  where arrivals.staged_at > ({{ footfall.last_staged_at() }})
{%- endmacro -%}


{#-
  What an increment does first: rows of the devices that went to quarantine since this model was last built are deleted.
  For the hook of a model by device; it reads none of them itself.
-#}
{%- macro forget_quarantined() -%}
  {%- set numbered_events = ref('int_sessionized_events') -%}
  {%- if is_incremental() -%}
    delete from {{ this }}
    where device in (
      select events.device
      from {{ numbered_events }} as events
      where events.is_quarantined
        and events.built_at > ({{ footfall.last_built_at() }})
    )
  {%- endif -%}
{%- endmacro -%}
