{#-
  The moment that rows were staged, as a SQL expression: the start of this dbt run, moved past the
  latest moment already in the model, so that it grows with every run whatever the clock does.
  Models downstream find what is new by comparing it (touched_devices, touched_orders).
-#}
{%- macro staged_moment() -%}
  {%- set started = "cast('" ~ run_started_at.strftime('%Y-%m-%d %H:%M:%S.%f') ~ "' as timestamp)" -%}
  {%- if is_incremental() -%}
    greatest({{ started }}, coalesce((select {{ footfall.add_microseconds('max(staged_at)', 1) }} from {{ this }}), {{ started }}))
  {%- else -%}
    {{ started }}
  {%- endif -%}
{%- endmacro -%}


{#-
  The devices whose facts an increment must recompute: those with events staged since this model was
  last built, and those of every message about an order that a new message speaks of (a server's
  message may take an order over from the pixel's, and the other way round).
-#}
{%- macro touched_devices() -%}
  select arrivals.device
  from {{ ref('stg_footfall__events') }} as arrivals
  where arrivals.staged_at > ({{ footfall.last_staged_at() }})
  union
  select related.device
  from {{ ref('stg_footfall__events') }} as related
  where related.order_id in ({{ footfall.touched_orders() }})
{%- endmacro -%}


{#- Order ids that a message staged since this model was last built speaks of. -#}
{%- macro touched_orders() -%}
  select arrivals.order_id
  from {{ ref('stg_footfall__events') }} as arrivals
  where arrivals.order_id is not null
    and arrivals.staged_at > ({{ footfall.last_staged_at() }})
{%- endmacro -%}


{#- The newest event that this model knows of, as a scalar query. -#}
{%- macro last_staged_at() -%}
  select coalesce(max(built.staged_at), cast('1970-01-01' as timestamp)) from {{ this }} as built
{%- endmacro -%}
