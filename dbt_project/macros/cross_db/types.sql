{#
  Types, time and text. Timestamps are UTC without a zone, with microseconds.
#}
{%- macro text_type() -%}
  {{ return(adapter.dispatch('text_type', 'footfall')()) }}
{%- endmacro -%}

{%- macro duckdb__text_type() -%} varchar {%- endmacro -%}
{%- macro default__text_type() -%} string {%- endmacro -%}


{%- macro text_list_type() -%}
  {{ return(adapter.dispatch('text_list_type', 'footfall')()) }}
{%- endmacro -%}

{%- macro duckdb__text_list_type() -%} varchar[] {%- endmacro -%}
{%- macro default__text_list_type() -%} array<string> {%- endmacro -%}


{#- Microseconds since 1970, as a whole number. -#}
{%- macro epoch_us(timestamp_expression) -%}
  {{ return(adapter.dispatch('epoch_us', 'footfall')(timestamp_expression)) }}
{%- endmacro -%}

{%- macro duckdb__epoch_us(timestamp_expression) -%}
  epoch_us({{ timestamp_expression }})
{%- endmacro -%}

{%- macro default__epoch_us(timestamp_expression) -%}
  unix_micros({{ timestamp_expression }})
{%- endmacro -%}


{#- Seconds from one timestamp to another, as a double with the microseconds kept. -#}
{%- macro seconds_between(earlier, later) -%}
  ({{ footfall.epoch_us(later) }} - {{ footfall.epoch_us(earlier) }}) / 1000000.0
{%- endmacro -%}


{%- macro add_days(timestamp_expression, days) -%}
  {{ return(adapter.dispatch('add_days', 'footfall')(timestamp_expression, days)) }}
{%- endmacro -%}

{%- macro duckdb__add_days(timestamp_expression, days) -%}
  ({{ timestamp_expression }} + to_days(cast({{ days }} as integer)))
{%- endmacro -%}

{%- macro default__add_days(timestamp_expression, days) -%}
  ({{ timestamp_expression }} + make_interval(0, 0, 0, cast({{ days }} as int)))
{%- endmacro -%}


{#- The day of a moment on the shop's calendar (var shop_time_zone), as a date. -#}
{%- macro shop_day(timestamp_expression) -%}
  {%- if var('shop_time_zone') == 'UTC' -%}
    cast({{ timestamp_expression }} as date)
  {%- else -%}
    {{ return(adapter.dispatch('shop_day', 'footfall')(timestamp_expression)) }}
  {%- endif -%}
{%- endmacro -%}

{%- macro duckdb__shop_day(timestamp_expression) -%}
  cast(timezone('{{ var("shop_time_zone") }}', timezone('UTC', {{ timestamp_expression }})) as date)
{%- endmacro -%}

{%- macro default__shop_day(timestamp_expression) -%}
  cast(from_utc_timestamp({{ timestamp_expression }}, '{{ var("shop_time_zone") }}') as date)
{%- endmacro -%}


{#- A timestamp so many whole hours later. -#}
{%- macro add_hours(timestamp_expression, hours) -%}
  {{ return(adapter.dispatch('add_hours', 'footfall')(timestamp_expression, hours)) }}
{%- endmacro -%}

{%- macro duckdb__add_hours(timestamp_expression, hours) -%}
  ({{ timestamp_expression }} + to_hours(cast({{ hours }} as bigint)))
{%- endmacro -%}

{%- macro default__add_hours(timestamp_expression, hours) -%}
  ({{ timestamp_expression }} + make_interval(0, 0, 0, 0, cast({{ hours }} as int)))
{%- endmacro -%}


{%- macro add_microseconds(timestamp_expression, microseconds) -%}
  {{ return(adapter.dispatch('add_microseconds', 'footfall')(timestamp_expression, microseconds)) }}
{%- endmacro -%}

{%- macro duckdb__add_microseconds(timestamp_expression, microseconds) -%}
  ({{ timestamp_expression }} + to_microseconds({{ microseconds }}))
{%- endmacro -%}

{%- macro default__add_microseconds(timestamp_expression, microseconds) -%}
  timestamp_micros(unix_micros({{ timestamp_expression }}) + {{ microseconds }})
{%- endmacro -%}


{#- A key of fixed length from expressions that are never null. -#}
{%- macro hash_key(expressions) -%}
  md5({{ expressions | join(" || '|' || ") }})
{%- endmacro -%}


{#- The host of a url, lower case, without www. and port; null where there is none. -#}
{%- macro url_host(url) -%}
  {{ return(adapter.dispatch('url_host', 'footfall')(url)) }}
{%- endmacro -%}

{%- macro duckdb__url_host(url) -%}
  nullif(lower(regexp_extract({{ url }}, '^[a-zA-Z][a-zA-Z0-9+.-]*://(?:[^/?#@]*@)?(?:www\.)?([^/:?#]+)', 1)), '')
{%- endmacro -%}

{%- macro default__url_host(url) -%}
  nullif(lower(regexp_replace(parse_url({{ url }}, 'HOST'), '^www\\.', '')), '')
{%- endmacro -%}


{#- A text as it was before it was written for an address: ü for %C3%BC; as it stands where it was not. -#}
{%- macro url_decoded(text) -%}
  {{ return(adapter.dispatch('url_decoded', 'footfall')(text)) }}
{%- endmacro -%}

{%- macro duckdb__url_decoded(text) -%}
  coalesce(try(url_decode({{ text }})), {{ text }})
{%- endmacro -%}

{#- Spark decodes forms, where a plus is a space. -#}
{%- macro default__url_decoded(text) -%}
  coalesce(try_url_decode(replace({{ text }}, '+', '%2B')), {{ text }})
{%- endmacro -%}


{#- A text without what hands that fill in a form make different: case and blanks. -#}
{%- macro folded(text) -%}
  {{ return(adapter.dispatch('folded', 'footfall')(text)) }}
{%- endmacro -%}

{%- macro duckdb__folded(text) -%}
  lower(trim(regexp_replace({{ text }}, '\s+', ' ', 'g')))
{%- endmacro -%}

{%- macro default__folded(text) -%}
  lower(trim(regexp_replace({{ text }}, '\\s+', ' ')))
{%- endmacro -%}


{#- An id without what makes one id two spellings: case and punctuation. -#}
{%- macro bare_id(text) -%}
  {{ return(adapter.dispatch('bare_id', 'footfall')(text)) }}
{%- endmacro -%}

{%- macro duckdb__bare_id(text) -%}
  lower(regexp_replace({{ text }}, '[^\p{L}\p{N}]+', '', 'g'))
{%- endmacro -%}

{%- macro default__bare_id(text) -%}
  lower(regexp_replace({{ text }}, '[^\\p{L}\\p{N}]+', ''))
{%- endmacro -%}


{#- The last word of an id, lower case: 501 of product-501. -#}
{%- macro last_word(text) -%}
  {{ return(adapter.dispatch('last_word', 'footfall')(text)) }}
{%- endmacro -%}

{%- macro duckdb__last_word(text) -%}
  lower(regexp_extract({{ text }}, '([\p{L}\p{N}]+)[^\p{L}\p{N}]*$', 1))
{%- endmacro -%}

{%- macro default__last_word(text) -%}
  lower(regexp_extract({{ text }}, '([\\p{L}\\p{N}]+)[^\\p{L}\\p{N}]*$', 1))
{%- endmacro -%}


{#- The handle in the address of a product's page, as the address writes it; '' where there is none. It is what follows
    /product/ or /products/, else the last part of the path without an ending; orchestration/catalog/links.py reads it
    off the catalog's links by the same rule. -#}
{%- macro handle_of(url) -%}
  coalesce(
    nullif(regexp_extract({{ url }}, '/products?/([^/?#]+)', 1), ''),
    regexp_extract({{ url }}, '^[^/?#]*//[^/?#]+(/[^?#]*)?/([^/?#]+?)([.]html?|[.]php)?/?([?#].*)?$', 2),
    ''
  )
{%- endmacro -%}


{#- Whether a text matches a regular expression anywhere. -#}
{%- macro matches(expression, pattern) -%}
  {{ return(adapter.dispatch('matches', 'footfall')(expression, pattern)) }}
{%- endmacro -%}

{%- macro duckdb__matches(expression, pattern) -%}
  regexp_matches({{ expression }}, '{{ pattern }}')
{%- endmacro -%}

{%- macro default__matches(expression, pattern) -%}
  ({{ expression }} rlike '{{ pattern }}')
{%- endmacro -%}


{#- The name in a host: google for google.co.uk and m.google.de; '' where something else stands before it, since
    mail.google.com is no search and accounts.google.com is where people log in. -#}
{%- macro host_brand(host) -%}
  {{ return(adapter.dispatch('host_brand', 'footfall')(host)) }}
{%- endmacro -%}

{%- macro duckdb__host_brand(host) -%}
  regexp_extract({{ host }}, '^((m|l|lm|amp|mobile|search|images|[a-z]{2})\.)*?([^.]+)(\.(co|com|org|net))?\.[a-z]+$', 3)
{%- endmacro -%}

{%- macro default__host_brand(host) -%}
  regexp_extract({{ host }}, '^((m|l|lm|amp|mobile|search|images|[a-z]{2})\\.)*?([^.]+)(\\.(co|com|org|net))?\\.[a-z]+$', 3)
{%- endmacro -%}


{#- A score to rank by: single precision, so that sums of the same numbers in another order, which
    differ in their last bits, tie and leave the rank to the next sort key. -#}
{%- macro rankable(score) -%}
  cast({{ score }} as float)
{%- endmacro -%}


{#- After `name as`: the rows of this common table expression are computed once and kept, however often they are read. -#}
{%- macro kept() -%}
  {{ return(adapter.dispatch('kept', 'footfall')()) }}
{%- endmacro -%}

{%- macro duckdb__kept() -%} materialized {%- endmacro -%}
{%- macro default__kept() -%}{%- endmacro -%}
