{#-
  Activities where a source's own session ids are trusted, as a select: events of two ids may alternate (two tabs, one
  that arrives late), an id is one session all the same. What names no id goes on with the session seen last.
  `opened` is a relation of events with own_session (null where none is named), opens, and the running activity_number,
  activity_start_us and activity_event_id; `running` the window that these run over.
-#}
{%- macro activities_of_trusted_ids(opened, running) -%}
  select
    numbered.event_id,
    numbered.device,
    numbered.occurred_us,
    numbered.previous_us,
    numbered.is_server_side,
    numbered.device_event_number,
    openers.activity_number,
    openers.activity_start_us,
    openers.activity_event_id
  from (
    select
      *,
      coalesce(last_value(own_number ignore nulls) over ({{ running }}), 0) as seen_number
    from (
      select
        *,
        case
          when own_session is not null then min(activity_number) over (partition by device, own_session)
          when opens then activity_number
        end as own_number
      from {{ opened }}
    ) as named
  ) as numbered
  left join {{ opened }} as openers
    on numbered.device = openers.device
      and numbered.seen_number = openers.activity_number
      and openers.opens
{%- endmacro -%}
