-- Where forms lose people: one row a field, and one (order 0) for those who began and completed none. An attempt begins
-- with Form Started and goes on after a pause, however long; what was typed is never known here, only that it was.
with events as (
  select * from {{ ref('int_session_events') }}
  where event in ('Form Started', 'Form Field Completed', 'Form Submitted')
    and form_name is not null
),

numbered as (
  select
    device,
    form_name,
    form_field,
    form_field_order,
    form_ms_spent,
    event,
    sum(case when event = 'Form Started' then 1 else 0 end) over (
      partition by device, form_name
      order by device_event_number
      rows between unbounded preceding and current row
    ) as attempt_number
  from events
),

attempts as (
  select
    device,
    form_name,
    attempt_number,
    max(case when event = 'Form Submitted' then 1 else 0 end) as is_submitted,
    coalesce(max(case when event = 'Form Field Completed' then form_field_order end), 0) as last_field_order
  from numbered
  group by device, form_name, attempt_number
),

-- A field that somebody comes back to was completed once.
fields as (
  select
    device,
    form_name,
    attempt_number,
    form_field,
    min(form_field_order) as field_order,
    sum(form_ms_spent) as ms_spent
  from numbered
  where event = 'Form Field Completed'
    and form_field is not null
  group by device, form_name, attempt_number, form_field
),

steps as (
  select
    attempts.form_name,
    attempts.is_submitted,
    attempts.last_field_order,
    '' as form_field,
    0 as field_order,
    cast(null as bigint) as ms_spent
  from attempts
  union all
  select
    attempts.form_name,
    attempts.is_submitted,
    attempts.last_field_order,
    fields.form_field,
    fields.field_order,
    fields.ms_spent
  from attempts
  inner join fields
    on attempts.device = fields.device
      and attempts.form_name = fields.form_name
      and attempts.attempt_number = fields.attempt_number
),

totals as (
  select
    form_name,
    count(*) as attempts
  from attempts
  group by form_name
),

final as (
  select
    steps.form_name as form,
    steps.form_field as field,
    cast(min(steps.field_order) as bigint) as field_order,
    totals.attempts,
    count(*) as completed,
    cast(
      sum(case when steps.is_submitted = 0 and steps.field_order = steps.last_field_order then 1 else 0 end) as bigint
    ) as dropped,
    cast(sum(steps.is_submitted) as bigint) as submitted,
    cast(count(*) as double) / totals.attempts as completion_rate,
    {{ percentile('steps.ms_spent', 0.5) }} as median_ms_spent
  from steps
  inner join totals
    on steps.form_name = totals.form_name
  group by steps.form_name, steps.form_field, totals.attempts
)

select * from final
