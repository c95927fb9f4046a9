-- Catalog click-through by position: a list that was shown with n products showed the positions 1 to n. Those that
-- nobody clicked stand between those that somebody did, else a place that works badly would be missing.
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

-- Browsers name positions, so that one may be any number: past the var only what was clicked has a row.
last_positions as (
  select
    list_name,
    least(max(list_position), {{ var('list_positions_gapless') }}) as last_position
  from clicks
  where list_position > 0
  group by list_name
),

positions as (
  select
    last_positions.list_name,
    cast(place.item as bigint) as list_position
  from last_positions
  cross join {{ explode(counting_to('last_positions.last_position'), 'place') }}
  union
  select
    list_name,
    list_position
  from clicks
),

viewed as (
  select
    positions.list_name,
    positions.list_position,
    coalesce(sum(shown.views), 0) as views
  from positions
  left join shown
    on positions.list_name = shown.list_name
      and positions.list_position <= coalesce(shown.list_length, positions.list_position)
  group by positions.list_name, positions.list_position
),

final as (
  select
    viewed.list_name,
    viewed.list_position,
    cast(viewed.views as bigint) as views,
    coalesce(clicks.clicks, 0) as clicks,
    -- A list that nobody told us was shown has clicks and no rate.
    cast(coalesce(clicks.clicks, 0) as double) / nullif(viewed.views, 0) as click_through_rate
  from viewed
  left join clicks
    on viewed.list_name = clicks.list_name
      and viewed.list_position = clicks.list_position
  where viewed.views > 0
    or clicks.clicks > 0
)

select * from final
