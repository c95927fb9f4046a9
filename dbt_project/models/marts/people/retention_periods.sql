{{- check_declared(
  'retention', var('retentions'), ['name', 'first', 'second', 'since', 'until', 'periods'], ['name', 'periods'],
  ['periods']
) -}}
{%- for retention in var('retentions') -%}
  {%- for period in retention.periods if period is not integer or period < 0 -%}
    {{ exceptions.raise_compiler_error(
      'dbt_project.yml, retention ' ~ retention.name ~ ': period ' ~ period ~ ' is not a whole number of days'
    ) }}
  {%- endfor -%}
{%- endfor -%}

-- Who does something again on or after a day: the retentions declared in the var `retentions`. The cohort is
-- everybody who did the first thing between two days, so many days ago that the period is over; they are kept for it
-- when they did the second one that many days after their first, or later (unbounded retention), before the last day.
-- Anything is what a visitor does: a server's word of a refund brings nobody back.
with as_of as (
  select * from {{ ref('int_as_of') }}
),

events as (
  select
    events.event,
    events.type,
    events.is_server_side,
    {{ visitor_of('events', 'devices') }} as visitor_id,
    cast(events.occurred_at as date) as day
  from {{ ref('int_session_events') }} as events
  inner join {{ ref('int_device_links') }} as devices
    on events.device = devices.device
),

{% for retention in var('retentions') %}
  {%- set until = "cast('" ~ retention.until ~ "' as date)" if retention.until else "cast('9999-12-31' as date)" %}
  cohort_{{ loop.index }} as (
    select
      visitor_id,
      min(day) as first_day
    from events
    where day >= cast('{{ retention.since or "0001-01-01" }}' as date)
      and day < {{ until }}
      {% if retention.first %}
        and {{ is_event(retention.first) }}
      {% else %}
        and not is_server_side
      {% endif %}
    group by visitor_id
  ),

  last_{{ loop.index }} as (
    select
      cohort.visitor_id,
      cohort.first_day,
      max(events.day) as last_day
    from cohort_{{ loop.index }} as cohort
    left join events
      on cohort.visitor_id = events.visitor_id
        and cohort.first_day <= events.day
        and events.day < {{ until }}
        {% if retention.second %}
          and {{ is_event(retention.second, 'events') }}
        {% else %}
          and not events.is_server_side
        {% endif %}
    group by cohort.visitor_id, cohort.first_day
  ),

{% endfor %}
counted as (
  {% for retention in var('retentions') %}
    {% set outer = loop %}
    {% for period in retention.periods %}
      {%- set period_ends = add_days('cast(first_day as timestamp)', period) %}
      select
        cast('{{ retention.name | replace("'", "''") }}' as {{ text_type() }}) as retention,
        {{ period }} as period_days,
        count(*) as visitors,
        sum(case when last_day >= cast({{ period_ends }} as date) then 1 else 0 end) as retained
      from last_{{ outer.index }}
      cross join as_of
      where {{ period_ends }} <= as_of.as_of
      {% if not (loop.last and outer.last) %}
        union all
      {% endif %}
    {% endfor %}
  {% endfor %}
  {% if not var('retentions') %}
    {{ no_rows({'retention': text_type(), 'period_days': 'integer', 'visitors': 'bigint', 'retained': 'bigint'}) }}
  {% endif %}
),

final as (
  select
    retention,
    cast(period_days as integer) as period_days,
    visitors,
    cast(coalesce(retained, 0) as bigint) as retained,
    cast(retained as double) / nullif(visitors, 0) as share
  from counted
)

select * from final
