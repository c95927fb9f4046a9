{#-
  What opens an activity besides a pause, where the vars say so: the first event of a trusted source's session id
  (session_id_trusted_sources), or another campaign than the device's last one (session_opens_on_campaign, as Universal
  Analytics did). A rule like that remembers more than the last pause: an increment makes all of a changed device again.
-#}
{%- macro remembers_more_than_the_pause() -%}
  {{ return(var('session_opens_on_campaign') or var('session_id_trusted_sources')) }}
{%- endmacro -%}


{#- The session that a trusted source names for a browser's event; null where none is trusted. -#}
{%- macro trusted_session(rows) -%}
  {%- set trusted_sources = var('session_id_trusted_sources') -%}
  {%- if trusted_sources -%}
    case
      when {{ rows }}.source in ({{ footfall.texts_in_sql(trusted_sources) }}) and not {{ footfall.is_server_side(rows) }}
        then {{ rows }}.source || ' ' || {{ rows }}.session_token
    end
  {%- else -%}
    cast(null as {{ footfall.text_type() }})
  {%- endif -%}
{%- endmacro -%}


{#- The campaign of an event; null where campaigns open nothing. -#}
{%- macro opening_campaign(rows) -%}
  {%- if var('session_opens_on_campaign') -%}
    {{ rows }}.campaign
  {%- else -%}
    cast(null as {{ footfall.text_type() }})
  {%- endif -%}
{%- endmacro -%}


{#- Whether an event of with_pauses opens an activity. A trusted id opens one with its first event, and only then. -#}
{%- macro opens_activity() -%}
  {%- set before -%}
    partition by device order by occurred_us, event_id rows between unbounded preceding and 1 preceding
  {%- endset -%}
  case
    when is_server_side then false
    when previous_us is null then true
    {% if var('session_id_trusted_sources') %}
      when own_session is not null
        then row_number() over (partition by device, own_session order by occurred_us, event_id) = 1
    {% endif %}
    {% if var('session_opens_on_campaign') %}
      when campaign is not null and campaign is distinct from last_value(campaign ignore nulls) over ({{ before }})
        then true
    {% endif %}
    else follows_pause
  end
{%- endmacro -%}


{#-
  Activities where a source's own session ids are trusted, as a select: events of two ids may alternate (two tabs, one
  that arrives late), an id is one session all the same. What names no id goes on with the session seen last. Where none
  is trusted, `opened` as it is: events with own_session, opens, and the running activity_number, activity_start_us and
  activity_event_id.
-#}
{%- macro activities_of_trusted_ids(opened) -%}
  {%- if not var('session_id_trusted_sources') -%}
    {{ return('select * from ' ~ opened) }}
  {%- endif -%}
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
      coalesce(
        last_value(own_number ignore nulls) over (
          partition by device order by occurred_us, event_id rows between unbounded preceding and current row
        ),
        0
      ) as seen_number
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
