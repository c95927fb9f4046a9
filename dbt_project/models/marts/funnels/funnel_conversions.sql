{{
  config(
    materialized='incremental',
    incremental_strategy='replace_touched',
    unique_key='visitor_id',
    on_schema_change='append_new_columns',
    tags=['fast'],
    meta={'touched': 'refunneled_visitors'}
  )
}}

{#- Events that some funnel asks for, with the visitor of today, and with their session where a funnel is
    broken down or asks for it: the join is not for free. -#}
{%- set sessions = ref('int_sessions') -%}
{%- set with_sessions = var('funnels') | selectattr('breakdown', 'defined') | list -%}
with {% if is_incremental() %}touched as (
  {{ refunneled_visitors() }}
),

{% endif %}owned_events as (
  select
    events.*,
    {% if with_sessions %}
      sessions.channel,
      sessions.traffic_source,
      sessions.traffic_medium,
      sessions.traffic_campaign,
      sessions.landing_page,
      sessions.session_user_id is null as is_guest_session,
    {% endif %}
    {{ visitor_of('events', 'devices') }} as visitor_id,
    {{ epoch_us('events.occurred_at') }} as occurred_us
  from {{ ref('int_session_events') }} as events
  inner join {{ ref('int_device_links') }} as devices
    on events.device = devices.device
  {% if with_sessions %}
    left join {{ sessions }} as sessions
      on events.session_id = sessions.session_id
  {% endif %}
  where events.event is not null
  {% if is_incremental() %}
    and events.device in ({{ devices_of('touched') }})
  {% endif %}
),

events as (
  select * from owned_events
  {% if is_incremental() %}
    where visitor_id in (select touched.visitor_id from touched)
  {% endif %}
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
    visitor_id,
    breakdown,
    cast(step as integer) as step,
    cast((reached_us - start_us) / 1000000.0 as double) as seconds_from_first,
    cast(
      (reached_us - lag(reached_us) over (partition by funnel, scope_key order by step)) / 1000000.0 as double
    ) as seconds_from_previous,
    {{ add_microseconds("cast('1970-01-01' as timestamp)", 'start_us') }} as started_at,
    {{ add_microseconds("cast('1970-01-01' as timestamp)", 'reached_us') }} as reached_at,
    {{ funnel_rules() }} as rules,
    {{ built_moment('int_touched_visitors') }} as built_at
  from conversions
)

select * from final
