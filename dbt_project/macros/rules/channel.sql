{#-
  Where a session came from, in six words: the campaign's medium first, then the referrer's host.
  `campaign` is JSON text with utm names without their prefix (source, medium, ...).
-#}
{%- macro channel(campaign, referrer, landing_url) -%}
  case
    when lower({{ footfall.json_text(campaign, 'medium') }}) in ('cpc', 'ppc', 'paid', 'paidsearch', 'display', 'cpm') then 'paid'
    when lower({{ footfall.json_text(campaign, 'medium') }}) in ('email', 'e-mail', 'newsletter') then 'email'
    when lower({{ footfall.json_text(campaign, 'medium') }}) in ('social', 'social-media', 'sm') then 'social'
    when {{ footfall.json_text(campaign, 'source') }} is not null then 'campaign'
    when {{ footfall.url_host(referrer) }} is null then 'direct'
    when {{ footfall.url_host(referrer) }} = {{ footfall.url_host(landing_url) }} then 'direct'
    when {{ footfall.url_host(referrer) }} like 'google.%'
      or {{ footfall.url_host(referrer) }} like 'bing.%'
      or {{ footfall.url_host(referrer) }} like 'duckduckgo.%'
      or {{ footfall.url_host(referrer) }} like 'ecosia.%'
      or {{ footfall.url_host(referrer) }} like '%.yahoo.com'
      then 'search'
    when {{ footfall.url_host(referrer) }} like '%facebook.com'
      or {{ footfall.url_host(referrer) }} like '%instagram.com'
      or {{ footfall.url_host(referrer) }} like '%pinterest.%'
      or {{ footfall.url_host(referrer) }} like '%tiktok.com'
      or {{ footfall.url_host(referrer) }} like '%youtube.com'
      or {{ footfall.url_host(referrer) }} in ('t.co', 'x.com', 'twitter.com', 'reddit.com')
      then 'social'
    else 'referral'
  end
{%- endmacro -%}
