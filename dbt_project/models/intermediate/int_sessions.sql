{{
  config(
    materialized='incremental',
    incremental_strategy='replace_from',
    unique_key='device',
    on_schema_change='append_new_columns',
    meta={'dagster': {'group': 'behaviour'}, 'replaced_from': 'session_number'},
    pre_hook="{{ forget_quarantined() }}"
  )
}}

with events as (
  select * from {{ ref('int_session_events') }}
  where session_id is not null
  {% if is_incremental() %}
    -- sessions are numbered again whole
    and built_at > ({{ last_built_at() }})
  {% endif %}
),

orders as (
  select * from {{ ref('stg_shop__orders') }}
  where not is_refund
),

source_categories as (
  select * from {{ ref('stg_traffic__source_categories') }}
),

-- An order belongs to the session of the message it hangs on.
session_orders as (
  select
    events.session_id,
    count(*) as orders,
    sum(orders.revenue) as revenue
  from orders
  inner join {{ ref('int_session_events') }} as events
    on orders.event_id = events.event_id
  where events.order_id is not null
  {% if is_incremental() %}
    and events.built_at > ({{ last_built_at() }})
  {% endif %}
  group by events.session_id
),

aggregated as (
  select
    session_id,
    device,
    max(guest_token) as guest_token,
    max(session_user_id) as session_user_id,
    {{ first_known_by('page_path', 'device_event_number') }} as landing_page,
    {{ last_known_by('page_path', 'device_event_number') }} as exit_page,
    {{ first_known_by('page_url', 'device_event_number') }} as landing_url,
    {{ first_known_by('page_referrer', "case when type = 'page' then device_event_number end") }} as referrer,
    {{ first_known_by('campaign', 'device_event_number') }} as campaign,
    {{ first_known_by(
      'user_agent',
      "case when not is_server_side and " ~ names_a_device('events') ~ " then device_event_number end"
    ) }} as user_agent,
    {{ first_known_by('surroundings', 'device_event_number') }} as surroundings,
    max(session_number) as session_number,
    count(*) as events,
    sum(case when type = 'page' then 1 else 0 end) as page_views,
    sum(case when event in ('Element Clicked', 'Product Clicked', 'Product Option Selected') then 1 else 0 end)
      as clicks,
    count(distinct case when event = 'Product Viewed' then product_id end) as products_viewed,
    sum(case when event = 'Product Added' then 1 else 0 end) as carts,
    min(occurred_at) as started_at,
    max(case when not is_server_side then occurred_at end) as ended_at,
    max(built_at) as built_at
  from events
  group by session_id, device
),

-- What a campaign says of itself; else the referrer's host, which is an organic search or a referral.
campaigns as (
  select
    *,
    {{ json_texts('campaign', ['source', 'medium', 'name', 'campaign']) }} as campaign_fields,
    {{ url_host('referrer') }} as referrer_host,
    {{ url_host('landing_url') }} as own_host,
    landing_url like '%gclid=%' as is_google_ad,
    {{ apple_in_hand('aggregated') }} as in_hand
  from aggregated
),

tagged as (
  select
    *,
    nullif({{ list_item('campaign_fields', 1) }}, '') as campaign_source,
    nullif({{ list_item('campaign_fields', 2) }}, '') as campaign_medium,
    nullif(coalesce({{ list_item('campaign_fields', 3) }}, {{ list_item('campaign_fields', 4) }}), '') as campaign_name,
    case when referrer_host != coalesce(own_host, '') then referrer_host end as foreign_host
  from campaigns
),

sourced as (
  select
    *,
    case
      when campaign_source is not null or campaign_medium is not null then coalesce(campaign_source, '(not set)')
      when is_google_ad then 'google'
      else coalesce(foreign_host, '(direct)')
    end as traffic_source
  from tagged
),

categorized as (
  select
    sourced.*,
    coalesce(by_name.category, by_brand.category) as category,
    case
      when sourced.campaign_source is not null or sourced.campaign_medium is not null
        then coalesce(sourced.campaign_medium, '(not set)')
      when sourced.is_google_ad then 'cpc'
      when sourced.foreign_host is null then '(none)'
      when coalesce(by_name.category, by_brand.category) = 'search' then 'organic'
      else 'referral'
    end as traffic_medium
  from sourced
  left join source_categories as by_name
    on lower(sourced.traffic_source) = by_name.traffic_source
  left join source_categories as by_brand
    on {{ host_brand('lower(sourced.traffic_source)') }} = by_brand.traffic_source
),

agents as (
  {{ devices_by_agent('campaigns') }}
),

final as (
  select
    categorized.session_id,
    categorized.device,
    categorized.guest_token,
    categorized.session_user_id as user_id,
    -- the name that the macro visitor_of asks for
    categorized.session_user_id,
    categorized.landing_page,
    categorized.exit_page,
    categorized.referrer,
    categorized.traffic_source,
    categorized.traffic_medium,
    categorized.campaign_name as traffic_campaign,
    {{ channel_group(
      'categorized.traffic_source',
      "nullif(categorized.traffic_medium, '(not set)')",
      'categorized.campaign_name',
      'categorized.category'
    ) }} as channel,
    agents.device_class,
    agents.browser,
    agents.operating_system,
    {{ language_of('categorized.surroundings') }} as language,
    cast(categorized.session_number as bigint) as session_number,
    cast({{ seconds_between('categorized.started_at', 'categorized.ended_at') }} as double) as duration_seconds,
    cast(categorized.events as bigint) as events,
    cast(categorized.page_views as bigint) as page_views,
    cast(categorized.clicks as bigint) as clicks,
    cast(categorized.products_viewed as bigint) as products_viewed,
    cast(categorized.carts as bigint) as carts,
    cast(coalesce(session_orders.orders, 0) as bigint) as orders,
    cast(coalesce(session_orders.revenue, 0) as decimal(38, 2)) as revenue,
    categorized.started_at,
    categorized.ended_at,
    categorized.built_at
  from categorized
  left join session_orders
    on categorized.session_id = session_orders.session_id
  left join agents
    on categorized.user_agent = agents.user_agent
      and categorized.in_hand = agents.in_hand
)

select * from final
