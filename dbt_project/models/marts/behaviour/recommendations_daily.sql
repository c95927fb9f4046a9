-- What blocks of recommendations bring, by day, placement and arm. An order is of the day of the click that it follows.
with events as (
  select
    *,
    {{ shop_day('occurred_at') }} as day
  from {{ ref('recommendation_events') }}
),

final as (
  {{ blocks_by(['day', 'placement', 'experiment', 'arm'], 'events') }}
)

select * from final
