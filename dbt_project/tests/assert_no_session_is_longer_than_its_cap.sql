-- A day's pause inside a session, or a session of more than a day, is a broken session rule.
select
  session_id,
  duration_seconds
from {{ ref('int_sessions') }}
where duration_seconds > {{ var('session_cap_seconds') }}
