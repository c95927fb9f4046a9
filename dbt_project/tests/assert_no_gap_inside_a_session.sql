-- Within a session no two neighbouring events are further apart than the gap. Sources whose own session
-- ids are trusted are their sender's affair.
with events as (
  select
    session_id,
    source,
    {{ epoch_us('occurred_at') }} as occurred_us,
    lag({{ epoch_us('occurred_at') }}) over (
      partition by session_id
      order by device_event_number
    ) as previous_us
  from {{ ref('int_session_events') }}
  where session_id is not null
)

select
  session_id,
  previous_us,
  occurred_us
from events
where occurred_us - previous_us > {{ var('session_gap_seconds') * 1000000 }}
{% if var('session_id_trusted_sources') %}
    and source not in ({{ texts_in_sql(var("session_id_trusted_sources")) }})
{% endif %}
