-- The lists of the last whole rebuild, and those that were made again since. Changes that are not newer than the whole
-- are of one before it.
with whole as (
  select * from {{ derived_table('visitor_affinity') }}
),

changes as (
  select * from {{ derived_table('visitor_affinity', 'changes') }}
  where computed_at > (select coalesce(max(whole.computed_at), cast('1970-01-01' as timestamp)) from whole)
),

changed_keys as (
  select key from changes
  where rank = 0
),

in_force as (
  select whole.*
  from whole
  left join changed_keys
    on whole.key = changed_keys.key
  where changed_keys.key is null
  union all
  select * from changes
  where rank > 0
),

final as (
  select
    key as visitor_id,
    other as other_visitor_id,
    source,
    model_version,
    shared,
    rank as affinity_rank,
    score as affinity,
    computed_at
  from in_force
)

select * from final
