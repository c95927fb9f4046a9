with landing_counts as (
  select * from {{ lake_table('landing_counts', '*/*.parquet') }}
),

final as (
  select
    source,
    frames,
    accepted,
    rejected,
    received_hour,
    load_id,
    segment_id
  from landing_counts
)

select * from final
