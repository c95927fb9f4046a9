-- What blocks of recommendations bring, by placement.
with events as (
  select * from {{ ref('recommendation_events') }}
),

final as (
  {{ blocks_by(['placement'], 'events') }}
)

select * from final
