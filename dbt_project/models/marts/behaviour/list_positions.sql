-- Catalog click-through by position: a list that was shown with n products showed the positions 1 to n.
with events as (
  select
    case when event = 'Products Searched' then 'search' else list_name end as list_name,
    event,
    list_position,
    -- how many products the list or the search had
    search_results as list_length
  from {{ ref('int_session_events') }}
  where event in ('Product List Viewed', 'Products Searched', 'Product Clicked')
),

clicks as (
  select
    list_name,
    list_position,
    count(*) as clicks
  from events
  where event = 'Product Clicked'
    and list_name is not null
    and list_position is not null
  group by list_name, list_position
),

-- Lists are few and their lengths too: counted before they are compared with positions.
shown as (
  select
    list_name,
    list_length,
    count(*) as views
  from events
  where event != 'Product Clicked'
    and list_name is not null
  group by list_name, list_length
),

final as (
  select
    clicks.list_name,
    clicks.list_position,
    cast(coalesce(sum(shown.views), 0) as bigint) as views,
    clicks.clicks,
    -- A list that nobody told us was shown has clicks and no rate.
    cast(clicks.clicks as double) / nullif(sum(shown.views), 0) as click_through_rate
  from clicks
  left join shown
    on clicks.list_name = shown.list_name
      and clicks.list_position <= coalesce(shown.list_length, clicks.list_position)
  group by clicks.list_name, clicks.list_position, clicks.clicks
)

select * from final
