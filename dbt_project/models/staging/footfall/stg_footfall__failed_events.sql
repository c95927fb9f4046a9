with failed_events as (
  select * from {{ lake_table('failed_events', '*/*.parquet') }}
),

final as (
  select
    stage,
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
