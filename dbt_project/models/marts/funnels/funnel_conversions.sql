{{
  config(
    materialized='incremental',
    incremental_strategy='replace_touched',
    unique_key='visitor_id',
    on_schema_change='append_new_columns',
    tags=['fast'],
    meta={
      'cluster_by': 'visitor_id',
      'touched': 'refunneled_visitors',
      'replaced_where': 'replaced.scope_key = replaced.visitor_id or replaced.started_at >= touched.touched_from',
      'replaced_key': 'scope_key'
    }
  )
}}

{{- check_funnels() -}}

{#- Events that some funnel asks for, with the visitor of today, and with their session where a funnel is
    broken down or asks for it: the join is not for free. An increment reads a touched visitor's events from a
    window before the touch on (macro walks). -#}
{%- set sessions = ref('int_sessions') -%}
{%- set with_sessions = var('funnels') | selectattr('breakdown', 'defined') | list -%}
{%- set strict = var('funnels') | selectattr('mode', 'equalto', 'strict_order') | map(attribute='name') | list -%}
with {% if is_incremental() %}touched as (
  {{ refunneled_visitors() }}
),

walks as (
  {{ walks('touched') }}
),

walked_devices as (
  select
    log.device,
    min(walks.walked_from) as walked_from
  from {{ ref('int_touched_visitors') }} as log
  inner join walks
    on log.visitor_id = walks.visitor_id
  group by log.device
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
      sessions.device_class,
      sessions.browser,
      sessions.operating_system,
      sessions.language,
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
  {% if is_incremental() %}
    inner join walked_devices
      on events.device = walked_devices.device
        and walked_devices.walked_from <= events.occurred_at
  {% endif %}
  where {{ in_funnels(var('funnels'), 'events') }}
),

events as (
  select owned_events.*
  from owned_events
  {% if is_incremental() %}
    inner join walks
      on owned_events.visitor_id = walks.visitor_id
        and walks.walked_from <= owned_events.occurred_at
  {% endif %}
),

{% if is_incremental() %}-- Whole sessions, of which something was touched: another device's may have begun before.
touched_sessions as (
  select events.session_id
  from events
  inner join walks
    on events.visitor_id = walks.visitor_id
  group by events.session_id
  having max(events.occurred_at) >= max(walks.touched_from)
),

session_events as (
  select events.*
  from events
  inner join touched_sessions
    on events.session_id = touched_sessions.session_id
),

{% endif %}walked as (
  {% for funnel in var('funnels') %}
    select *
    from (
      {{ walked_funnel(funnel, 'session_events' if is_incremental() and funnel.scope == 'session' else 'events') }}
    ) as funnel_{{ loop.index }}
    {% if not loop.last %}union all{% endif %}
  {% endfor %}
  {% if not var('funnels') %}
    {{ no_rows({
      'funnel': text_type(), 'scope_key': text_type(), 'visitor_id': text_type(), 'breakdown': text_type(),
      'step': 'bigint', 'start_us': 'bigint', 'reached_us': 'bigint'
    }) }}
  {% endif %}
),

{% if is_incremental() %}kept as (
  select
    attempts.funnel,
    attempts.scope_key,
    attempts.visitor_id,
    attempts.breakdown,
    attempts.step,
    {{ epoch_us('attempts.started_at') }} as start_us,
    {{ epoch_us('attempts.reached_at') }} as reached_us
  from {{ this }} as attempts
  inner join walks
    on attempts.visitor_id = walks.visitor_id
      and attempts.started_at < walks.walked_from
  where attempts.scope_key = attempts.visitor_id
),

candidates as (
  select
    *,
    1 as is_kept
  from kept
  union all
  select
    *,
    0 as is_kept
  from walked
),

-- As in walked_funnel: the one that got furthest, of several the first to get there. Strict order gives one attempt.
ranked as (
  select
    funnel,
    scope_key,
    is_kept,
    row_number() over (
      partition by funnel, scope_key
      order by
        {% if strict %}
          case when funnel in ({{ texts_in_sql(strict) }}) then is_kept else 0 end desc,
        {% endif %}
        max(step) desc,
        max(reached_us) asc,
        min(start_us) asc
    ) as attempt_rank
  from candidates
  group by funnel, scope_key, is_kept
),

{% endif %}conversions as (
  select attempts.*
  from {{ 'candidates' if is_incremental() else 'walked' }} as attempts
  {% if is_incremental() %}
    inner join ranked
      on attempts.funnel = ranked.funnel
        and attempts.scope_key = ranked.scope_key
        and attempts.is_kept = ranked.is_kept
    where ranked.attempt_rank = 1
  {% endif %}
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
