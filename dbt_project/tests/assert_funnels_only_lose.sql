-- No step is reached by more than the step before it.
select
  funnel,
  step,
  drop_off
from {{ ref('funnel_steps') }}
where drop_off < 0
