{{ config(materialized='view') }}

with numbered_events as (
  select * from {{ ref('int_sessionized_events') }}
),

final as (
  select *
  from numbered_events
  where not is_quarantined
)

select * from final
