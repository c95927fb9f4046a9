-- From which page people go to which: one row a step between two pages of a session, how often it was
-- taken, and which share of all steps from there it is. '(entrance)' and '(exit)' are the ends.
with page_views as (
  select
    session_id,
    coalesce(page_type, 'other') as page_type,
    coalesce(page_path, '') as page_path,
    device_event_number
  from {{ ref('int_session_events') }}
  where type = 'page'
),

neighbours as (
  select
    session_id,
    page_type,
    page_path,
    lag(page_type) over (partition by session_id order by device_event_number) as previous_type,
    lag(page_path) over (partition by session_id order by device_event_number) as previous_path,
    lead(page_type) over (partition by session_id order by device_event_number) as next_type
  from page_views
),

-- A page seen again at once (a reload, a change of sort order) is no step.
steps as (
  select
    session_id,
    coalesce(previous_type, '(entrance)') as from_type,
    coalesce(previous_path, '') as from_path,
    page_type as to_type,
    page_path as to_path
  from neighbours
  where previous_path is null
    or previous_path != page_path
  union all
  select
    session_id,
    page_type as from_type,
    page_path as from_path,
    '(exit)' as to_type,
    '' as to_path
  from neighbours
  where next_type is null
),

counted as (
  select
    from_type,
    from_path,
    to_type,
    to_path,
    count(*) as steps,
    count(distinct session_id) as sessions
  from steps
  group by from_type, from_path, to_type, to_path
),

final as (
  select
    from_type,
    from_path,
    to_type,
    to_path,
    steps,
    sessions,
    cast(steps as double) / sum(steps) over (partition by from_type, from_path) as share
  from counted
)

select * from final
