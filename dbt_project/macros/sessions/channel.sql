{#-
  Where a session came from: GA4's default channel groups, in Google's order
  (support.google.com/analytics/answer/9756891). `category` is the source's, from
  stg_traffic__source_categories; a text that is null counts as empty. A link tagged with a big
  marketplace as its source and no medium counts as paid, as the tests of dbt-ga4 have it.
-#}
{%- macro channel_group(source, medium, campaign, category) -%}
  {%- set source = "lower(coalesce(" ~ source ~ ", ''))" -%}
  {%- set medium = "lower(coalesce(" ~ medium ~ ", ''))" -%}
  {%- set campaign = "lower(coalesce(" ~ campaign ~ ", ''))" -%}
  {%- set paid = footfall.matches(medium, '^(.*cp.*|ppc|retargeting|paid.*)$') -%}
  {%- set shopping = footfall.matches(campaign, '^(.*(([^a-df-z]|^)shop|shopping).*)$') -%}
  case
    when {{ source }} = '' and {{ medium }} = '' then 'Direct'
    when {{ source }} = '(direct)' and {{ medium }} in ('(none)', '(not set)', '') then 'Direct'
    when {{ campaign }} like '%cross-network%' then 'Cross-network'
    when ({{ category }} = 'shopping' or {{ shopping }}) and {{ paid }} then 'Paid Shopping'
    when {{ source }} in ('alibaba', 'amazon', 'ebay', 'etsy', 'shopify', 'stripe', 'walmart') and {{ medium }} = ''
      then 'Paid Shopping'
    when {{ category }} = 'search' and {{ paid }} then 'Paid Search'
    when {{ category }} = 'social' and {{ paid }} then 'Paid Social'
    when {{ category }} = 'video' and {{ paid }} then 'Paid Video'
    when {{ medium }} in ('display', 'banner', 'expandable', 'interstitial', 'cpm') then 'Display'
    when {{ paid }} then 'Paid Other'
    when {{ category }} = 'shopping' or {{ shopping }} then 'Organic Shopping'
    when {{ category }} = 'social'
      or {{ medium }} in ('social', 'social-network', 'social-media', 'sm', 'social network', 'social media')
      then 'Organic Social'
    when {{ category }} = 'video' or {{ medium }} like '%video%' then 'Organic Video'
    when {{ category }} = 'search' or {{ medium }} = 'organic' then 'Organic Search'
    when {{ source }} in ('email', 'e-mail', 'e_mail', 'e mail')
      or {{ medium }} in ('email', 'e-mail', 'e_mail', 'e mail', 'newsletter')
      then 'Email'
    when {{ medium }} like 'affiliate%' then 'Affiliates'
    when {{ medium }} in ('referral', 'app', 'link') then 'Referral'
    when {{ medium }} = 'audio' then 'Audio'
    when {{ source }} = 'sms' or {{ medium }} = 'sms' then 'SMS'
    when {{ medium }} like '%push'
      or {{ medium }} like '%mobile%'
      or {{ medium }} like '%notification%'
      or {{ source }} = 'firebase'
      then 'Mobile Push Notifications'
    else 'Unassigned'
  end
{%- endmacro -%}
