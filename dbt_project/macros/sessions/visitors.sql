{#-
  Whose an event or a session is, as a SQL expression: its device's visitor, or on a shared device the last
  user seen in the session. `rows` has the column session_user_id, `devices` is int_device_links.
-#}
{%- macro visitor_of(rows, devices) -%}
  case
    when {{ devices }}.is_shared and {{ rows }}.session_user_id is not null then 'u_' || {{ rows }}.session_user_id
    else {{ devices }}.visitor_id
  end
{%- endmacro -%}
