{#- Stops where a declaration says what no funnel can: a slip of the pen must not count something else. -#}
{%- macro check_funnels() -%}
  {%- do footfall.check_declared(
    'funnel', footfall.declared_in('funnels'), ['name', 'scope', 'window_days', 'mode', 'exclude', 'breakdown', 'steps'], ['name', 'steps'],
    ['steps', 'exclude']
  ) -%}
  {%- set modes = ['default', 'strict_once', 'strict_increase', 'strict_order', 'any_order'] -%}
  {%- for funnel in footfall.declared_in('funnels') -%}
    {%- set wrong = [] -%}
    {%- if (funnel.mode or 'default') not in modes -%}
      {%- do wrong.append('mode ' ~ funnel.mode ~ ' is none of ' ~ modes | join(', ')) -%}
    {%- endif -%}
    {%- if (funnel.scope or 'visitor') not in ['visitor', 'session'] -%}
      {%- do wrong.append('scope ' ~ funnel.scope ~ ' is neither visitor nor session') -%}
    {%- endif -%}
    {%- set days = footfall.funnel_days(funnel) -%}
    {%- if not footfall.is_number(days) or days <= 0 or days > 366 -%}
      {%- do wrong.append('window_days ' ~ days ~ ' is not a number above 0, and 366 at most') -%}
    {%- endif -%}
    {%- if wrong -%}
      {{ exceptions.raise_compiler_error('dbt_project.yml, funnel ' ~ funnel.name ~ ': ' ~ wrong | join('; ')) }}
    {%- endif -%}
    {%- for step in funnel.steps + (funnel.exclude or []) -%}
      {#- One by one: two steps may well have one name. -#}
      {%- do footfall.check_declared('funnel ' ~ funnel.name ~ ', step', [step], ['name', 'event', 'where'], ['event']) -%}
    {%- endfor -%}
  {%- endfor -%}
{%- endmacro -%}


{#- Days from step 1 to the last step, as a number. -#}
{%- macro funnel_days(funnel) -%}
  {%- set is_declared = funnel.window_days is defined and funnel.window_days is not none -%}
  {{ return(funnel.window_days if is_declared else var('conversion_window_days')) }}
{%- endmacro -%}


{%- macro funnel_window_us(funnel) -%}
  {{ (footfall.funnel_days(funnel) * 86400 * 1000000) | int }}
{%- endmacro -%}


{#- Every step and every event that ends attempts, as a list of (where it is declared, step). -#}
{%- macro steps_and_exclusions(funnels) -%}
  {%- set found = [] -%}
  {%- for funnel in funnels -%}
    {%- for step in funnel.steps -%}
      {%- do found.append(('funnel ' ~ funnel.name ~ ', step ' ~ loop.index ~ ' (' ~ (step.name or step.event) ~ ')', step)) -%}
    {%- endfor -%}
    {%- for step in funnel.exclude or [] -%}
      {%- do found.append(('funnel ' ~ funnel.name ~ ', exclude', step)) -%}
    {%- endfor -%}
  {%- endfor -%}
  {{ return(found) }}
{%- endmacro -%}


{#- Every declared step as a row (funnel, scope, step, step_name), as a select. In any order step k is no single one. -#}
{%- macro declared_funnel_steps() -%}
  {%- do footfall.check_funnels() -%}
  {%- set rows = [] -%}
  {%- for funnel in footfall.declared_in('funnels') -%}
    {%- set names = [] -%}
    {%- for step in funnel.steps -%}
      {%- do names.append(step.name or step.event) -%}
    {%- endfor -%}
    {%- for step in funnel.steps -%}
      {%- set name = names[loop.index0] -%}
      {%- if funnel.mode == 'any_order' -%}
        {%- set name = ('all' if loop.last else 'any ' ~ loop.index) ~ ' of ' ~ names | join(', ') -%}
      {%- endif -%}
      {%- do rows.append(
        "select cast('" ~ funnel.name | replace("'", "''") ~ "' as " ~ footfall.text_type() ~ ") as funnel, cast('"
        ~ (funnel.scope or 'visitor') ~ "' as " ~ footfall.text_type() ~ ") as scope, "
        ~ loop.index ~ " as step, cast('" ~ name | replace("'", "''") ~ "' as " ~ footfall.text_type() ~ ") as step_name"
      ) -%}
    {%- endfor -%}
  {%- endfor -%}
  {%- if not rows -%}
    {%- do rows.append(footfall.no_rows({
      'funnel': footfall.text_type(), 'scope': footfall.text_type(), 'step': 'integer', 'step_name': footfall.text_type()
    })) -%}
  {%- endif -%}
  {{ rows | join('\nunion all\n') }}
{%- endmacro -%}


{#- The funnels as declared, as a SQL text: others ask for other conversions of everybody. -#}
{%- macro funnel_rules() -%}
  {{ footfall.fingerprint([footfall.declared_in('funnels'), var('conversion_window_days')]) }}
{%- endmacro -%}
