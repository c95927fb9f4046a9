{{ config(materialized='view', tags=['fast']) }}

-- A search leads to a product when one is clicked or seen later in the session, before the next search.
with events as (
  select * from {{ ref('int_session_events') }}
  where event in ('Products Searched', 'Product Clicked', 'Product Viewed', 'Product Added', 'Order Completed')
    and session_id is not null
),

devices as (
  select * from {{ ref('int_device_links') }}
),

numbered as (
  select
    *,
    sum(case when event = 'Products Searched' then 1 else 0 end) over (
      partition by session_id
      order by device_event_number
      rows between unbounded preceding and current row
    ) as search_number
  from events
),

aggregated as (
  select
    session_id,
    device,
    session_user_id,
    search_number,
    {{ first_by('event_id', 'device_event_number') }} as event_id,
    {{ first_by('guest_token', 'device_event_number') }} as guest_token,
    {{ first_by('user_id', 'device_event_number') }} as user_id,
    {{ first_by('search_query', 'device_event_number') }} as search_query,
    {{ first_by('search_results', 'device_event_number') }} as search_results,
    max(case when event in ('Product Clicked', 'Product Viewed') then 1 else 0 end) = 1 as has_product_view,
    max(case when event = 'Product Added' then 1 else 0 end) = 1 as has_cart,
    max(case when event = 'Order Completed' then 1 else 0 end) = 1 as has_order,
    min(occurred_at) as occurred_at
  from numbered
  where search_number > 0
  group by session_id, device, session_user_id, search_number
),

final as (
  select
    aggregated.event_id,
    aggregated.session_id,
    {{ visitor_of('aggregated', 'devices') }} as visitor_id,
    aggregated.guest_token,
    aggregated.user_id,
    aggregated.search_query as query,
    lower(trim(aggregated.search_query)) as normalized_query,
    aggregated.search_results as results_count,
    coalesce(aggregated.search_results = 0, false) as is_without_result,
    aggregated.has_product_view,
    aggregated.has_cart,
    aggregated.has_order,
    aggregated.occurred_at
  from aggregated
  inner join devices
    on aggregated.device = devices.device
)

select * from final
