with imports as (
  select * from {{ ledger_table('imports') }}
),

final as (
  select
    import_id,
    source,
    sent,
    accepted,
    rejected,
    occurred_hour
  from imports
)

select * from final
