{{ config(materialized='view', tags=['fast']) }}

with scores as (
  select * from {{ ref('int_visitor_category_scores') }}
),

as_of as (
  select * from {{ ref('int_as_of') }}
),

final as (
  select
    scores.visitor_id,
    scores.category,
    scores.score * {{ decay('scores.scored_at', 'as_of.as_of', var('affinity_half_life_days')) }} as affinity,
    scores.rank,
    scores.score,
    scores.scored_at
  from scores
  cross join as_of
)

select * from final
