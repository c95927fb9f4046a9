{{ config(tags=['fast']) }}

{#- Events that some funnel asks for, with the visitor of today. -#}
with events as (
  select
    events.*,
    devices.visitor_id,
    {{ epoch_us('events.occurred_at') }} as occurred_us
  from {{ ref('int_session_events') }} as events
  inner join {{ ref('int_device_links') }} as devices
    on events.device = devices.device
  where events.event is not null
),

conversions as (
  {% for funnel in var('funnels') %}
    select *
    from (
      {{ window_funnel(funnel, 'events') }}
    ) as funnel_{{ loop.index }}
    {% if not loop.last %}union all{% endif %}
  {% endfor %}
),

final as (
  select
    funnel,
    scope_key,
    cast(step as integer) as step,
    cast((reached_us - start_us) / 1000000.0 as double) as seconds_from_first,
    cast(
      (reached_us - lag(reached_us) over (partition by funnel, scope_key order by step)) / 1000000.0 as double
    ) as seconds_from_previous,
    {{ add_microseconds("cast('1970-01-01' as timestamp)", 'start_us') }} as started_at,
    {{ add_microseconds("cast('1970-01-01' as timestamp)", 'reached_us') }} as reached_at
  from conversions
)

select * from final
