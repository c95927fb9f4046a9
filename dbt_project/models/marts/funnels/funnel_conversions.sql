{{
  config(
    materialized='incremental',
    incremental_strategy='replace_changed',
    unique_key='visitor_id',
    on_schema_change='append_new_columns',
    tags=['fast'],
    meta={
      'changed': 'refunneled_visitors',
      'replaced_where': 'replaced.scope_key = replaced.visitor_id or replaced.started_at >= changed.changed_from',
      'replaced_key': 'scope_key'
    }
  )
}}

{{- check_funnels() -}}

{#- An increment looks at what a changed visitor did since: macros/funnels/funnel_increments.sql. -#}
{%- set the_end = "cast('9999-12-31' as timestamp)" -%}
{%- set strict = var('funnels') | selectattr('mode', 'equalto', 'strict_order') | map(attribute='name') | list -%}
with {% if is_incremental() %}changed as (
  select
    visitor_id,
    min(changed_from) as changed_from
  from ({{ refunneled_visitors() }}) as refunneled
  group by visitor_id
),

owners as (
  select distinct
    log.device,
    log.visitor_id
  from {{ ref('int_changed_visitors') }} as log
  where log.visitor_id in (select changed.visitor_id from changed)
),

changed_owners as (
  select
    owners.device,
    owners.visitor_id,
    changed.changed_from,
    {{ funnel_reach('session', 'changed.changed_from') }} as read_from
  from owners
  inner join changed
    on owners.visitor_id = changed.visitor_id
),

recent_events as (
  {{ events_of_funnels('changed_owners') }}
),

-- Whole sessions, of which something was changed: another device's may have begun before.
changed_sessions as (
  select session_id
  from recent_events
  group by session_id
  having max(occurred_at) >= max(changed_from)
),

session_events as (
  select *
  from recent_events
  where session_id in (select changed_sessions.session_id from changed_sessions)
),

new_events as (
  select * from recent_events
  where occurred_at >= changed_from
),

-- Attempts at visitors' funnels.
attempts as (
  select
    built.funnel,
    built.scope_key,
    built.visitor_id,
    built.breakdown,
    built.step,
    built.started_at,
    built.reached_at
  from {{ this }} as built
  inner join changed
    on built.visitor_id = changed.visitor_id
  where built.scope_key = built.visitor_id
),

best as (
  select
    funnel,
    visitor_id,
    max(step) as steps,
    min(started_at) as started_at,
    max(reached_at) as reached_at
  from attempts
  group by funnel, visitor_id
),

going_further as (
  {{ going_further('new_events', 'best') }}
),

-- From when on a visitor's funnels are walked: not at all, from a window before the change, or from the beginning.
walks as (
  select
    changed.visitor_id,
    changed.changed_from,
    min(
      case
        when best.reached_at >= changed.changed_from
          and best.started_at >= {{ funnel_reach('visitor', 'changed.changed_from') }}
          then {{ the_beginning() }}
        when best.reached_at >= changed.changed_from or further.visitor_id is not null
          then {{ funnel_reach('visitor', 'changed.changed_from') }}
        else {{ the_end }}
      end
    ) as walked_from
  from changed
  left join best
    on changed.visitor_id = best.visitor_id
  left join (select distinct visitor_id from going_further) as further
    on changed.visitor_id = further.visitor_id
  group by changed.visitor_id, changed.changed_from
),

walked_owners as (
  select
    owners.device,
    owners.visitor_id,
    walks.changed_from,
    walks.walked_from as read_from
  from owners
  inner join walks
    on owners.visitor_id = walks.visitor_id
  where walks.walked_from < {{ the_end }}
),

{% endif %}events as (
  {{ events_of_funnels('walked_owners' if is_incremental() else none) }}
),

walked as (
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
  from attempts
  inner join walks
    on attempts.visitor_id = walks.visitor_id
      and attempts.started_at < walks.walked_from
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
    {{ built_moment('int_changed_visitors') }} as built_at
  from conversions
)

select * from final
