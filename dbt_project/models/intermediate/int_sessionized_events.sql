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
    post_hook="{{ quarantine_whole_devices() }}"
  )
}}

{#- In: stg_footfall__events, a row a message. Out: every event of people (no bots) with its session.

    A pause of more than session_gap_seconds ends an activity, and so do the rules of macros/sessions/openings.sql. An
    activity is a session; one of more than session_cap_seconds is cut into several (macros/sessions/cap.sql). Devices
    that never rest are marked (macros/sessions/quarantine.sql). What a server tells opens no session and extends none.

    The sessions are made of few columns, and joined to whole rows at the end: sorting wide rows costs several times as
    much. An increment makes those of changed devices again, from the session on that the change may belong to, and counts
    on from what stands before (`bases`, macros/sessions/restarts.sql); a full build has nothing before. -#}
{%- set gap_us = var('session_gap_seconds') * 1000000 -%}
{#- Columns that stay as they were staged. -#}
{%- set unchanged = [
  'source', 'type', 'event', 'guest_token', 'user_id', 'device', 'session_token', 'page_view_id', 'page_url', 'page_path',
  'page_title', 'page_referrer', 'page_search', 'page_type', 'campaign', 'element_text', 'element_class', 'element_tag',
  'element_id', 'element_href', 'zone', 'nav_path', 'variant_id', 'variant_name', 'order_id', 'option_name',
  'option_value', 'list_name', 'search_query', 'form_name', 'form_field', 'placement', 'model_version', 'price',
  'currency', 'quantity', 'list_position', 'search_results', 'form_field_order', 'form_ms_spent', 'engaged_ms',
  'scroll_depth', 'surroundings', 'occurred_at'
] -%}
with recursive {{ session_restarts() }},

events as (
  select
    staged_events.event_id,
    staged_events.device,
    staged_events.user_id,
    staged_events.order_id,
    {{ trusted_session('staged_events') }} as own_session,
    {{ opening_campaign('staged_events') }} as campaign,
    {{ is_server_side('staged_events') }} as is_server_side,
    {{ epoch_us('staged_events.occurred_at') }} as occurred_us
  from {{ ref('stg_footfall__events') }} as staged_events
  {{ from_restart_on('staged_events') }}
  where not staged_events.is_bot
    and {{ in_bucket('staged_events.device') }}
),

-- Beside each event the browser's last one before it.
with_previous as (
  select
    event_id,
    device,
    own_session,
    campaign,
    is_server_side,
    occurred_us,
    max(case when not is_server_side then occurred_us end) over (
      partition by device
      order by occurred_us, event_id
      rows between unbounded preceding and 1 preceding
    ) as previous_us,
    row_number() over (partition by device order by occurred_us, event_id) as device_event_number
  from events
),

-- A pause of more than 30 minutes; exactly 30:00 goes on.
with_pauses as (
  select
    *,
    not is_server_side and (previous_us is null or occurred_us - previous_us > {{ gap_us }}) as follows_pause
  from with_previous
),

with_openings as (
  select
    *,
    {{ opens_activity() }} as opens
  from with_pauses
),

opened as (
  select
    *,
    max(case when follows_pause then occurred_us end) over so_far as rested_us,
    sum(case when opens then 1 else 0 end) over so_far as activity_number,
    max(case when opens then occurred_us end) over so_far as activity_start_us,
    last_value(case when opens then event_id end ignore nulls) over so_far as activity_event_id
  from with_openings
  window so_far as (
    partition by device
    order by occurred_us, event_id
    rows between unbounded preceding and current row
  )
),

activities as (
  {{ activities_of_trusted_ids('opened') }}
),

{{ sessions_within_the_cap('activities') }},

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
  ) as with_membership
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

quarantined as (
  {{ devices_to_quarantine() }}
),

-- The session's key never holds the user id: logging in must not split a session.
final as (
  select
    events.event_id,
    {{ hash_key(['events.device', 'numbered.first_event_id']) }} as session_id,
    {% for column in unchanged %}
      events.{{ column }},
    {% endfor %}
    coalesce(aliases.product_id, events.product_id) as product_id,
    -- of a session some say enough
    case when events.type in ('page', 'screen') or numbered.first_event_id = events.event_id then events.user_agent end
      as user_agent,
    case when numbered.session_number is null then events.user_id else session_users.user_id end as session_user_id,
    quarantined.device is not null as is_quarantined,
    numbered.is_server_side,
    cast(numbered.session_number + coalesce(bases.sessions, 0) as bigint) as session_number,
    numbered.device_event_number + coalesce(bases.events, 0) as device_event_number,
    {{ built_moment() }} as built_at
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
  left join bases
    on events.device = bases.device
  where {{ in_bucket('events.device') }}
  {{ and_after_the_first_restart('events') }}
)

select * from final
