{%- set z = var('experiment_z') -%}
with experiments as (
  select * from {{ ref('experiments') }}
),

visitors as (
  select * from {{ ref('experiment_visitors') }}
),

-- A refund counts where its order does.
orders as (
  select
    all_orders.visitor_id,
    all_orders.revenue,
    all_orders.is_refund,
    case when all_orders.is_refund then placed.occurred_at else all_orders.occurred_at end as ordered_at,
    all_orders.occurred_at
  from {{ ref('int_orders') }} as all_orders
  left join {{ ref('int_orders') }} as placed
    on all_orders.order_id = placed.order_id
      and all_orders.is_refund
      and not placed.is_refund
),

-- What a visitor ordered from the first list seen to the end of the experiment, less what came back by then.
outcomes as (
  select
    visitors.visitor_id,
    visitors.experiment,
    visitors.arm,
    visitors.is_crossed,
    visitors.views,
    visitors.clicks,
    sum(case when not orders.is_refund then 1 else 0 end) as orders,
    cast(coalesce(sum(orders.revenue), 0) as double) as revenue
  from visitors
  left join orders
    on visitors.visitor_id = orders.visitor_id
      and visitors.first_seen_at <= orders.ordered_at
      and cast(visitors.ends_on as timestamp) > orders.occurred_at
  group by
    visitors.visitor_id, visitors.experiment, visitors.arm, visitors.is_crossed, visitors.views, visitors.clicks
),

arms as (
  select
    experiments.experiment,
    experiments.arm,
    experiments.arm_number,
    experiments.recommender,
    experiments.share_until - experiments.share_from as share,
    count(outcomes.visitor_id) as visitors,
    coalesce(sum(case when outcomes.is_crossed then 1 else 0 end), 0) as crossed_visitors,
    coalesce(sum(outcomes.views), 0) as views,
    coalesce(sum(outcomes.clicks), 0) as clicks,
    coalesce(sum(case when outcomes.orders > 0 then 1 else 0 end), 0) as converted,
    coalesce(sum(outcomes.orders), 0) as orders,
    coalesce(sum(outcomes.revenue), 0) as revenue,
    avg(outcomes.revenue) as revenue_per_visitor,
    coalesce(var_samp(outcomes.revenue), 0) / nullif(count(outcomes.visitor_id), 0) as revenue_variance
  from experiments
  left join outcomes
    on experiments.experiment = outcomes.experiment
      and experiments.arm = outcomes.arm
  group by
    experiments.experiment, experiments.arm, experiments.arm_number, experiments.recommender,
    experiments.share_from, experiments.share_until
),

rated as (
  select
    *,
    cast(converted as double) / nullif(visitors, 0) as conversion,
    share / sum(share) over (partition by experiment) as expected_share,
    sum(visitors) over (partition by experiment) * share / sum(share) over (partition by experiment)
      as expected_visitors,
    count(*) over (partition by experiment) - 1 as degrees
  from arms
),

-- The sample ratio: were as many visitors seen in each arm as its share says? If not, something between the
-- assignment and the message loses visitors of one arm, and no other number here is worth reading.
checked as (
  select
    *,
    sum((visitors - expected_visitors) * (visitors - expected_visitors) / nullif(expected_visitors, 0))
      over (partition by experiment) as ratio_chi_square
  from rated
),

-- The first declared arm is what the others are compared with.
control as (
  select
    experiment,
    visitors,
    conversion,
    revenue_per_visitor,
    revenue_variance
  from checked
  where arm_number = 1
),

compared as (
  select
    checked.*,
    checked.conversion - control.conversion as conversion_difference,
    checked.revenue_per_visitor - control.revenue_per_visitor as revenue_difference,
    {{ z }} * sqrt(checked.revenue_variance) as revenue_error,
    {{ z }} * sqrt(checked.revenue_variance + control.revenue_variance) as revenue_difference_error,
    {{ z }} * sqrt(
      checked.conversion * (1 - checked.conversion) / nullif(checked.visitors, 0)
      + control.conversion * (1 - control.conversion) / nullif(control.visitors, 0)
    ) as conversion_difference_error,
    checked.arm_number > 1 as is_challenger
  from checked
  inner join control
    on checked.experiment = control.experiment
),

final as (
  select
    experiment,
    arm,
    recommender,
    arm_number,
    cast(visitors as bigint) as visitors,
    cast(crossed_visitors as bigint) as crossed_visitors,
    cast(views as bigint) as views,
    cast(clicks as bigint) as clicks,
    cast(converted as bigint) as converted,
    cast(orders as bigint) as orders,
    cast(revenue as decimal(38, 2)) as revenue,
    conversion,
    {{ wilson('converted', 'visitors', '-') }} as conversion_low,
    {{ wilson('converted', 'visitors', '+') }} as conversion_high,
    revenue_per_visitor,
    revenue_per_visitor - revenue_error as revenue_per_visitor_low,
    revenue_per_visitor + revenue_error as revenue_per_visitor_high,
    case when is_challenger then conversion_difference end as conversion_difference,
    case when is_challenger then conversion_difference - conversion_difference_error end as conversion_difference_low,
    case when is_challenger then conversion_difference + conversion_difference_error end as conversion_difference_high,
    case when is_challenger then revenue_difference end as revenue_difference,
    case when is_challenger then revenue_difference - revenue_difference_error end as revenue_difference_low,
    case when is_challenger then revenue_difference + revenue_difference_error end as revenue_difference_high,
    expected_share,
    ratio_chi_square,
    coalesce(ratio_chi_square, 0) < {{ chi_square_limit('degrees') }} as is_ratio_ok
  from compared
)

select * from final
