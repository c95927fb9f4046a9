{{
  config(
    materialized='incremental',
    incremental_strategy='replace_from',
    unique_key='device',
    on_schema_change='append_new_columns',
    meta={
      'dagster': {'group': 'staging'},
      'replaced_from': 'occurred_at',
      'rows_to_build': 'staged_events',
      'row_bytes': 'bucket_event_bytes'
    },
    post_hook="update {{ this }} set is_quarantined = true, built_at = (select max(newest.built_at) from {{ this }} as newest) where not is_quarantined and device in (select q.device from {{ this }} as q where q.is_quarantined)"
  )
}}

{#- Sessions by the house's rules. No later event changes a session that ended more than a gap before it, so an
    increment numbers a changed device's events again from there on, after what stands before (restarts, bases).
    A session that the cap cut off begins a chain of its own, too: what is cut off next depends on its start alone.
    All of a device is numbered again where a rule that remembers more than the gap is in force.
    The numbering runs over the few columns it needs and is joined to the rest at the end: sorting wide rows, or
    keeping them because two places read them, costs several times as much. -#}
{%- set gap_us = var('session_gap_seconds') * 1000000 -%}
{%- set cap_us = var('session_cap_seconds') * 1000000 -%}
{%- set quarantine_us = var('session_quarantine_seconds') * 1000000 -%}
{%- set by_campaign = var('session_opens_on_campaign') -%}
{%- set order_clause = 'partition by device order by occurred_us, event_id' -%}
{%- set running = order_clause ~ ' rows between unbounded preceding and current row' -%}
{%- set running_in_activity = running | replace('device', 'device, activity_number') -%}
{%- set trusted_sources = var('session_id_trusted_sources') -%}
{%- set remembers_more = by_campaign or trusted_sources -%}

with recursive {% if is_incremental() %}{{ session_restarts(gap_us, cap_us, quarantine_us, remembers_more) }},

{% endif %}events as (
  select
    staged_events.event_id,
    staged_events.user_id,
    staged_events.device,
    staged_events.order_id,
    {% if trusted_sources %}
      case
        when staged_events.source in ({{ texts_in_sql(trusted_sources) }})
          and not {{ is_server_side('staged_events') }}
          then staged_events.source || ' ' || staged_events.session_token
      end as own_session,
    {% endif %}
    {% if by_campaign %}
      staged_events.campaign,
    {% endif %}
    {{ is_server_side('staged_events') }} as is_server_side,
    staged_events.occurred_at
  from {{ ref('stg_footfall__events') }} as staged_events
  {% if is_incremental() %}
    inner join restarts
      on staged_events.device = restarts.device
        and restarts.restarts_at <= staged_events.occurred_at
  {% endif %}
  where not staged_events.is_bot
    and {{ in_bucket('staged_events.device') }}
),

with_previous as (
  select
    event_id,
    device,
    is_server_side,
    {{ epoch_us('occurred_at') }} as occurred_us,
    -- of the browser's events: a server's open no session and keep none alive
    max(case when not is_server_side then {{ epoch_us('occurred_at') }} end) over (
      partition by device
      order by occurred_at, event_id
      rows between unbounded preceding and 1 preceding
    ) as previous_us,
    {% if trusted_sources %}
      own_session,
    {% endif %}
    {% if by_campaign %}
      campaign,
      last_value(campaign ignore nulls) over (
        partition by device
        order by occurred_at, event_id
        rows between unbounded preceding and 1 preceding
      ) as previous_campaign,
    {% endif %}
    row_number() over (partition by device order by occurred_at, event_id) as device_event_number
  from events
),

-- A gap of more than 30 minutes opens a session; exactly 30:00 stays in the old one. With
-- session_opens_on_campaign another campaign opens one too. A source whose session ids are trusted opens
-- one with the first event of an id, and only then.
with_openings as (
  select
    event_id,
    device,
    occurred_us,
    previous_us,
    is_server_side,
    device_event_number,
    {% if trusted_sources %}
      own_session,
    {% endif %}
    case
      when is_server_side then false
      when previous_us is null then true
      {% if trusted_sources %}
        when own_session is not null
          then row_number() over (partition by device, own_session order by occurred_us, event_id) = 1
      {% endif %}
      {% if by_campaign %}
        when campaign is not null and (previous_campaign is null or campaign != previous_campaign) then true
      {% endif %}
      else occurred_us - previous_us > {{ gap_us }}
    end as opens
  from with_previous
),

-- An activity goes on until a rule opens the next; a session is one, or a part of one that runs too long.
{{ 'opened' if trusted_sources else 'activities' }} as (
  select
    event_id,
    device,
    occurred_us,
    previous_us,
    is_server_side,
    device_event_number,
    {% if trusted_sources %}
      own_session,
      opens,
    {% endif %}
    sum(case when opens then 1 else 0 end) over ({{ running }}) as activity_number,
    max(case when opens then occurred_us end) over ({{ running }}) as activity_start_us,
    last_value(case when opens then event_id end ignore nulls) over ({{ running }}) as activity_event_id
  from with_openings
),

{% if trusted_sources %}activities as (
  {{ activities_of_trusted_ids('opened', running) }}
),

{% endif %}-- 24 hours at most, counted from each session's first event; an event at exactly 24:00:00 is still inside.
-- Few activities last that long: only these are cut, one session after the other.
long_activities as (
  select
    device,
    activity_number,
    activity_start_us as start_us,
    max(occurred_us) as end_us
  from activities
  where occurred_us - activity_start_us > {{ cap_us }}
    and not is_server_side
  group by device, activity_number, activity_start_us
),

-- Kept: read in place, each round of the cuts below would hold all events in memory, not the few of long activities.
long_events as {{ kept() }} (
  select
    activities.device,
    activities.activity_number,
    activities.occurred_us
  from activities
  inner join long_activities
    on activities.device = long_activities.device
      and activities.activity_number = long_activities.activity_number
  where not activities.is_server_side
),

cuts as (
  select
    device,
    activity_number,
    start_us
  from long_activities
  union all
  select
    cuts.device,
    cuts.activity_number,
    min(long_events.occurred_us) as start_us
  from cuts
  inner join long_events
    on cuts.device = long_events.device
      and cuts.activity_number = long_events.activity_number
      and cuts.start_us + {{ cap_us }} < long_events.occurred_us
  group by cuts.device, cuts.activity_number, cuts.start_us
),

long_devices as (
  select distinct device
  from long_activities
),

{% if is_incremental() %}-- What goes on from before the restart is counted from where it began.
long_before as (
  select activities.device
  from activities
  inner join restarts
    on activities.device = restarts.device
      and activities.activity_start_us = {{ epoch_us('restarts.restarts_at') }}
  where restarts.activity_started_at < restarts.restarts_at
    and activities.occurred_us - {{ epoch_us('restarts.activity_started_at') }} > {{ quarantine_us }}
    and activities.activity_number = 1
    and not activities.is_server_side
),

{% endif %}{% if remembers_more %}-- Where another rule opens activities, or an id goes on after a pause, an activity says nothing of pauses: what goes on
-- without one is looked for among all events of the device.
streaks as (
  select
    device,
    occurred_us,
    sum(case when previous_us is null or occurred_us - previous_us > {{ gap_us }} then 1 else 0 end) over ({{ running }})
      as streak_number
  from with_previous
  where not is_server_side
),

{% endif %}sleepless as (
  {% if remembers_more %}
    select distinct device
    from (
      select device
      from streaks
      group by device, streak_number
      having max(occurred_us) - min(occurred_us) > {{ quarantine_us }}
    ) as long_streaks
  {% else %}
    select distinct device
    from long_activities
    where end_us - start_us > {{ quarantine_us }}
  {% endif %}
  {% if is_incremental() %}
    union
    select long_before.device
    from long_before
  {% endif %}
),

with_orders as (
  select device
  from events
  where order_id is not null
  {% if is_incremental() %}
    union
    select bases.device
    from bases
    where bases.has_order
  {% endif %}
),

-- Nobody goes on for days without a pause longer than the gap: such an id is a robot, or many people behind one
-- id. Its events go to quarantine, all of them. Who ordered is somebody, though.
quarantined as (
  select device
  from sleepless
  where device not in (select with_orders.device from with_orders)
  {% if is_incremental() %}
    union
    select quarantined_before.device
    from quarantined_before
    where quarantined_before.device not in (select released.device from released)
  {% endif %}
),

recut_starts as (
  select
    *,
    sum(case when opens then 1 else 0 end) over ({{ running }}) as session_number
  from (
    select
      activities.event_id,
      activities.device,
      activities.activity_number,
      activities.occurred_us,
      activities.previous_us,
      activities.is_server_side,
      activities.device_event_number,
      not activities.is_server_side
      and (
        activities.event_id = activities.activity_event_id
        or (
          cuts.start_us is not null
          and row_number() over (
            partition by
              activities.device, activities.activity_number, activities.is_server_side, activities.occurred_us
            order by activities.event_id
          ) = 1
        )
      ) as opens
    from activities
    inner join long_devices
      on activities.device = long_devices.device
    left join cuts
      on activities.device = cuts.device
        and activities.activity_number = cuts.activity_number
        and activities.occurred_us = cuts.start_us
  ) as judged
),

-- Of two trusted ids whose events alternate each goes on with its own session.
placed as (
  select
    activities.event_id,
    activities.occurred_us,
    activities.previous_us,
    activities.is_server_side,
    activities.device_event_number,
    activities.activity_number as session_number,
    activities.activity_event_id as first_event_id
  from activities
  left join long_devices
    on activities.device = long_devices.device
  where long_devices.device is null
  union all
  select
    event_id,
    occurred_us,
    previous_us,
    is_server_side,
    device_event_number,
    max(case when opens then session_number end) over ({{ running_in_activity }}) as session_number,
    last_value(case when opens then event_id end ignore nulls) over ({{ running_in_activity }}) as first_event_id
  from recut_starts
),

-- What a server tells belongs to the session that it fell into, or that had not been quiet for longer than the gap;
-- else to none.
numbered as (
  select
    event_id,
    is_server_side,
    device_event_number,
    case when is_in_session then session_number end as session_number,
    case when is_in_session then first_event_id end as first_event_id
  from (
    select
      *,
      not is_server_side or coalesce(occurred_us - previous_us <= {{ gap_us }}, false) as is_in_session
    from placed
  ) as judged
),

-- The last user of a session, which says whose a session on a shared device is.
session_users as (
  select
    events.device,
    numbered.session_number,
    {{ last_by('events.user_id', 'numbered.device_event_number') }} as user_id
  from events
  inner join numbered
    on events.event_id = numbered.event_id
  where events.user_id is not null
  group by events.device, numbered.session_number
),

-- The key never holds the user id: logging in must not split a session.
final as (
  select
    events.event_id,
    {{ hash_key(['events.device', 'numbered.first_event_id']) }} as session_id,
    events.source,
    events.type,
    events.event,
    events.guest_token,
    events.user_id,
    events.device,
    events.session_token,
    events.page_view_id,
    events.page_url,
    events.page_path,
    events.page_title,
    events.page_referrer,
    events.page_search,
    events.page_type,
    events.campaign,
    events.element_text,
    events.element_class,
    events.element_tag,
    events.element_id,
    events.element_href,
    events.zone,
    events.nav_path,
    coalesce(aliases.product_id, events.product_id) as product_id,
    events.variant_id,
    events.variant_name,
    events.order_id,
    events.option_name,
    events.option_value,
    events.list_name,
    events.search_query,
    events.form_name,
    events.form_field,
    events.placement,
    events.model_version,
    events.price,
    events.currency,
    events.quantity,
    events.list_position,
    events.search_results,
    events.form_field_order,
    events.form_ms_spent,
    events.engaged_ms,
    events.scroll_depth,
    -- of a session some say enough
    case when events.type in ('page', 'screen') or numbered.first_event_id = events.event_id then events.user_agent end
      as user_agent,
    events.surroundings,
    case when numbered.session_number is null then events.user_id else session_users.user_id end as session_user_id,
    quarantined.device is not null as is_quarantined,
    numbered.is_server_side,
    {% if is_incremental() %}
      cast(numbered.session_number + coalesce(bases.sessions, 0) as bigint) as session_number,
      numbered.device_event_number + coalesce(bases.events, 0) as device_event_number,
    {% else %}
      cast(numbered.session_number as bigint) as session_number,
      numbered.device_event_number,
    {% endif %}
    events.occurred_at,
    {{ built_moment() }} as built_at
  -- whole rows go in one stream from the staged table to this one
  from {{ ref('stg_footfall__events') }} as events
  inner join numbered
    on events.event_id = numbered.event_id
  left join session_users
    on events.device = session_users.device
      and numbered.session_number = session_users.session_number
  left join quarantined
    on events.device = quarantined.device
  left join {{ ref('int_product_aliases') }} as aliases
    on events.product_id = aliases.alias
  {% if is_incremental() %}
    left join bases
      on events.device = bases.device
  {% endif %}
  where {{ in_bucket('events.device') }}
  {% if is_incremental() %}
    -- says nothing new: lets a table in the order of time leave its older blocks unread
    and events.occurred_at >= (select min(restarts.restarts_at) from restarts)
  {% endif %}
)

select * from final
