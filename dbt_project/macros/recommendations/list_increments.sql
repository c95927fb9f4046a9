{#-
  What an increment of visitor_recommendations makes again, and by which rules and inputs lists were made.
-#}
{#-
  Whose lists an increment makes again, a select of (visitor_id): of changed visitors, of those who changed since the
  neighbours that the lists know when there are newer ones, of those with another text of a product that they looked at,
  of whoever is shown what is no longer available, and lists made from inputs older than recommendation_max_age_hours.
  Pairs of products and neighbours move a little with every session, and everybody's list with them: that may wait so
  long.
-#}
{%- macro lists_to_make() -%}
  {#- A constant, so that a file or table without newer rows is known by its statistics and not read. -#}
  {%- set known_inputs = footfall.newest_known_inputs() -%}
  select visitor_id
  from ({{ footfall.changed_visitors() }}) as log_entries
  union
  select built.visitor_id
  from {{ this }} as built
  cross join ({{ footfall.newest_inputs() }}) as newest
  where built.rank = 1
    and built.inputs_at < newest.inputs_at
    and built.inputs_at <= {{ footfall.oldest_inputs_kept('newest.inputs_at') }}
  union
  select visitor_id
  from {{ ref('int_changed_visitors') }}
  where staged_at > {{ known_inputs }}
    and (select max(computed_at) from {{ ref('stg_derived__visitor_affinity') }}) > {{ known_inputs }}
  union
  select visitor_id
  from {{ ref('visitor_product_affinity') }}
  where product_id in (
    select similarity.product_id
    from {{ ref('stg_derived__product_similarity') }} as similarity
    where similarity.similarity_rank <= {{ var('recommendation_top_k') }}
      and similarity.computed_at > {{ known_inputs }}
  )
  union
  select visitor_id
  from {{ this }}
  where product_id in (
    select products.product_id
    from {{ ref('products') }} as products
    where not products.is_available
  )
{%- endmacro -%}


{#- Of an increment: whose list is to be made again, or has none yet, as a condition that goes on. -#}
{%- macro and_whose_list_is_due() -%}
  {%- if is_incremental() -%}
    and (
      visitor_id in (select due.visitor_id from ({{ footfall.lists_to_make() }}) as due)
      or visitor_id not in (select built.visitor_id from {{ this }} as built where built.rank = 1)
    )
  {%- endif -%}
{%- endmacro -%}


{#- How many visitors get lists, as a scalar query: all, or with an increment that does not make them all again, few. -#}
{%- macro visitors_to_list() -%}
  {%- if is_incremental() -%}
    select case when min(built.inputs_at) <= {{ footfall.oldest_inputs_kept('max(newest.inputs_at)') }} then count(*) else 0 end
    from {{ this }} as built
    cross join ({{ footfall.newest_inputs() }}) as newest
    where built.rank = 1
  {%- else -%}
    select count(*) from {{ ref('visitors') }} as visitors
  {%- endif -%}
{%- endmacro -%}



{#- How new the inputs of lists are that change without a click: a select of (inputs_at). -#}
{%- macro newest_inputs() -%}
  select max(slow_inputs.computed_at) as inputs_at
  from (
    select max(computed_at) as computed_at from {{ ref('stg_derived__product_similarity') }}
    union all
    select max(computed_at) as computed_at from {{ ref('stg_derived__visitor_affinity') }}
    union all
    select max(computed_at) as computed_at from {{ ref('stg_derived__product_also_liked') }}
    union all
    select max(computed_at) as computed_at from {{ ref('product_co_views') }}
    union all
    select max(computed_at) as computed_at from {{ ref('product_co_purchases') }}
  ) as slow_inputs
{%- endmacro -%}


{#- Lists that were made from inputs that old, or older, are made again when there are newer ones. -#}
{%- macro oldest_inputs_kept(newest) -%}
  {{ footfall.add_hours(newest, '-' ~ var('recommendation_max_age_hours')) }}
{%- endmacro -%}


{#- The newest of the slow inputs that this model was built with, as a SQL constant. -#}
{%- macro newest_known_inputs() -%}
  {%- set found = none -%}
  {%- if execute and is_incremental() -%}
    {%- set found = run_query('select max(inputs_at) from ' ~ this).columns[0].values()[0] -%}
  {%- endif -%}
  cast('{{ found or "1970-01-01" }}' as timestamp)
{%- endmacro -%}


{#- What visitors' lists depend on, as a SQL text to compare with. -#}
{%- macro list_rules() -%}
  {{ footfall.fingerprint([
    footfall.affinity_rules(),
    var('just_bought_days'),
    var('pair_damping'),
    var('pair_max_basket_products'),
    var('pair_max_session_products'),
    var('pair_min_support'),
    var('pair_top_k'),
    var('recommendation_seeds'),
    var('recommendation_seed_decay'),
    var('recommendation_top_k'),
    var('rrf_constant'),
    var('rrf_weights'),
    var('taste_discovery'),
    var('taste_products'),
    var('trending_half_life_days'),
    var('trending_top_k'),
  ]) }}
{%- endmacro -%}


{#-
  Before an increment: where the table's comment says other rules, or nothing, all lists are as good as made from the
  oldest inputs, and made again.
-#}
{%- macro outdate_lists_of_other_rules() -%}
  {%- if is_incremental() and footfall.are_noted(this, footfall.list_rules()) == false -%}
    update {{ this }} set inputs_at = {{ footfall.the_beginning() }}
  {%- endif -%}
{%- endmacro -%}


{#- After it: the table's comment says the rules. -#}
{%- macro note_list_rules() -%}
  {%- if footfall.are_noted(this, footfall.list_rules()) == false -%}
    comment on table {{ this }} is {{ footfall.list_rules() }}
  {%- endif -%}
{%- endmacro -%}
