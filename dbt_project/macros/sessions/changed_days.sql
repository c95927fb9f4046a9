{#-
  Days on which a session, or how many visitors there were, may be another now, a select of (day): of the events numbered
  again (a session that is no more began on such a day, too), and of the sessions whose device changed hands. Who they
  are counts once a day under any name: so only days on which the device has another session, or on which another device
  has one that somebody had who ever had this one. A day without a row was taken out to be computed again
  (orchestration/warehouse/rebuild_days.py).
-#}
{%- macro changed_days() -%}
  select {{ footfall.shop_day('events.occurred_at') }} as day
  from {{ ref('int_sessionized_events') }} as events
  where events.built_at > ({{ footfall.last_built_at() }})
  union
  select {{ footfall.shop_day('sessions.started_at') }} as day
  from {{ ref('int_sessions') }} as sessions
  where {{ footfall.shop_day('sessions.started_at') }} not in (select built.day from {{ this }} as built)
  union
  select met.day
  from (
    select
      together.moved_device,
      {{ footfall.shop_day('sessions.started_at') }} as day
    from {{ ref('int_sessions') }} as sessions
    inner join (
      select distinct
        devices.device as moved_device,
        others.device
      from {{ ref('int_device_links') }} as devices
      inner join {{ ref('int_changed_visitors') }} as owners
        on devices.device = owners.device
      inner join {{ ref('int_changed_visitors') }} as others
        on owners.visitor_id = others.visitor_id
      where devices.linked_at > ({{ footfall.last_built_at() }})
    ) as together
      on sessions.device = together.device
  ) as met
  group by met.moved_device, met.day
  having count(*) > 1
{%- endmacro -%}


{#-
  Whether a moment is on one of the changed days, as a condition: by name, so that DuckDB looks up only their sessions. And
  one by one: a list of days it doesn't push through a join, which then joins all sessions there are (1,200,000: 0.45 CPU-s
  instead of 0.13).
-#}
{%- macro on_changed_days(moment) -%}
  {%- set days = run_query(footfall.changed_days()).columns[0].values() if execute else [] -%}
  {%- if days -%}
    ({% for day in days %}{{ footfall.shop_day(moment) }} = cast('{{ day }}' as date){% if not loop.last %} or {% endif %}{% endfor %})
  {%- else -%}
    false
  {%- endif -%}
{%- endmacro -%}
