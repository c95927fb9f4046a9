{#-
  What a server tells of its own accord (an order's or a refund's webhook, a bookkeeper's import) is not a visit: it
  opens no session, extends none, and its guest token is no visitor. Such a message comes from a trusted source,
  names no session of a browser, and its event is in the var `server_side_events`. `rows` is a relation with the
  columns of stg_footfall__events.
-#}
{%- macro is_server_side(rows) -%}
  coalesce(
    {{ rows }}.is_trusted
    and {{ rows }}.session_token is null
    and {{ rows }}.event in ({{ footfall.texts_in_sql(var("server_side_events")) }}),
    false
  )
{%- endmacro -%}


{#-
  An id that the collector made for a cookieless visitor and one day (collector/daily_ids.py): people behind one address
  with one browser version share it, so it is nobody's device.
-#}
{%- macro is_daily_id(guest_token) -%}
  coalesce({{ guest_token }} like 'day-%', false)
{%- endmacro -%}
