with messages as (
  select * from {{ ref('base_footfall__messages') }}
),

-- base_footfall__messages is the incremental part: it keeps the copies too, marked, so that what
-- arrived and what is staged can be held against each other.
final as (
  select *
  from messages
  where not is_duplicate
)

select * from final
