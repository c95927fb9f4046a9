{{ config(meta={'dagster': {'group': 'staging'}}) }}

-- The moment that ages are measured from: one row. See the var as_of.
with events as (
  select
    occurred_at,
    clock_flag
  from {{ ref('stg_footfall__events') }}
  where not is_bot
),

final as (
  select
    {% if var('as_of') is not none %}
      -- An aggregate, so that it is one row here too, whatever the number of events.
      coalesce(max(cast('{{ var("as_of") }}' as timestamp)), cast('{{ var("as_of") }}' as timestamp)) as as_of
    {% else %}
      -- A clock that runs ahead must not age everybody else's clicks.
      coalesce(
        max(case when coalesce(clock_flag, '') != 'ahead' then occurred_at end),
        cast('1970-01-01' as timestamp)
      ) as as_of
    {% endif %}
  from events
)

select * from final
