with set_aside as (
  select * from {{ lake_table('set_aside') }}
),

final as (
  select
    source,
    message_id,
    reason,
    occurred_at,
    received_at,
    set_aside_at,
    load_id,
    segment_id,
    frame_no,
    message_no
  from set_aside
  where restored_at is null
)

select * from final
