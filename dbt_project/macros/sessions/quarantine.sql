{#-
  Nobody goes on for days (session_quarantine_seconds) without a pause longer than the gap: such a device is a robot, or
  many people behind one id. All of its events go to quarantine. Who ordered is somebody, though.

  A select of (device), over `opened` and `events`. Of an increment, what goes on from before its restart is counted from
  where it began; and once in quarantine a device stays there, since more events make no pause, unless it ordered.
-#}
{%- macro devices_to_quarantine() -%}
  {%- set longest_us = var('session_quarantine_seconds') * 1000000 -%}
  select device
  from (
    select device
    from opened
    where not is_server_side
      and occurred_us - rested_us > {{ longest_us }}
    {% if is_incremental() %}
      union
      select opened.device
      from opened
      inner join restarts
        on opened.device = restarts.device
          and opened.rested_us = {{ footfall.epoch_us('restarts.restarts_at') }}
      where not opened.is_server_side
        and restarts.activity_started_at < restarts.restarts_at
        and opened.occurred_us - {{ footfall.epoch_us('restarts.activity_started_at') }} > {{ longest_us }}
    {% endif %}
  ) as without_rest
  where device not in (select with_orders.device from events as with_orders where with_orders.order_id is not null)
    and device not in (select bases.device from bases where bases.has_order)
  {% if is_incremental() %}
    union
    select device
    from quarantined_before
    where device not in (select released.device from released)
  {% else %}
    group by device
  {% endif %}
{%- endmacro -%}


{#- After an increment: what it did not make again of the devices in quarantine goes there too. -#}
{%- macro quarantine_whole_devices() -%}
  update {{ this }}
  set
    is_quarantined = true,
    built_at = (select max(newest.built_at) from {{ this }} as newest)
  where not is_quarantined
    and device in (select marked.device from {{ this }} as marked where marked.is_quarantined)
{%- endmacro -%}
