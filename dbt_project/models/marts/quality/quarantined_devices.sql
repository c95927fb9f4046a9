-- Devices whose events never pause: left out of sessions and everything built on them, and listed here.
with events as (
  select * from {{ ref('int_sessionized_events') }}
  where is_quarantined
),

final as (
  select
    device,
    count(*) as events,
    count(distinct session_id) as sessions,
    min(occurred_at) as first_seen_at,
    max(occurred_at) as last_seen_at
  from events
  group by device
)

select * from final
