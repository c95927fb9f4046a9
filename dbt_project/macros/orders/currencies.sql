{#-
  Each currency of a relation's amounts and how many rows are in it, where these are several: amounts in several
  currencies make a sum of nothing. `where` says which rows have an amount. dbt warns with `what`, the numbers and `ending`.
-#}
{%- macro several_currencies(relation, what, ending, where='true') -%}
  {%- set found -%}
    with counted as (
      select
        currency,
        count(*) as amounts
      from {{ relation }}
      where currency is not null
        and {{ where }}
      group by currency
    )

    select *
    from counted
    where (select count(*) from counted) > 1
  {%- endset -%}
  {%- if execute and load_relation(relation) -%}
    {%- set told = [] -%}
    {%- for currency, amounts in run_query(found ~ ' order by amounts desc, currency') -%}
      {%- do told.append(currency ~ ' (' ~ amounts ~ ')') -%}
    {%- endfor -%}
    {%- if told -%}
      {%- do exceptions.warn(what ~ ' in ' ~ told | join(', ') ~ ending ~ ' (docs/analyst/index.md, Money)') -%}
    {%- endif -%}
  {%- endif -%}
  {{ found }}
{%- endmacro -%}
