-- Version 0.1.0 wrote `door` where later ones write `collector`.

with failed_events as (
  select * from {{ lake_table('failed_events', '*/*.parquet') }}
),

final as (
  select
    case when stage = 'door' then 'collector' else stage end as stage,
    source,
    message_id,
    field,
    reason,
    raw,
    received_at,
    load_id,
    segment_id,
    frame_no,
    message_no
  from failed_events
)

select * from final
