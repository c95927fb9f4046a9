{{ config(severity='warn') }}

select *
from {{ ref('import_reconciliation') }}
where not is_balanced
