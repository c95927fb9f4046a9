// What the overview shows, in order. Each part names its requests: a dashboard of one's own can begin there.

import { blocks, channels, devices, revenue, sessions } from './by_period.js'
import {
  experiments,
  forms,
  funnels,
  options,
  paths,
  products,
  retention,
  searches,
  searchesWithoutResult,
  segments,
} from './of_all_time.js'

/** `about`: what the part says. `draw`: makes its elements. `byPeriod`: drawn again when another period is chosen. */
export const PARTS = [
  {
    title: 'Sessions and orders',
    about: "In days of the shop's calendar. Today is pale: it counts until the last load, and is left out of comparisons.",
    requests: ['/v1/marts/sessions_daily?order=-day'],
    draw: sessions,
    isWide: true,
    byPeriod: true,
  },
  {
    title: 'Revenue',
    about: "In the days chosen above, by the day of the order or refund, with those that only the shop's server reported.",
    requests: ['/v1/marts/orders_daily?at_least=day:{first}&at_most=day:{last}'],
    draw: revenue,
    isWide: true,
    byPeriod: true,
  },
  {
    title: 'Funnel',
    about: 'Since the beginning.',
    requests: ['/v1/marts/funnel_steps', '/v1/marts/funnel_time_to_convert', '/v1/marts/funnel_breakdowns'],
    draw: funnels,
  },
  {
    title: 'Where they come from',
    about: 'In the days chosen above.',
    requests: ['/v1/marts/traffic_sources?at_least=day:{first}&at_most=day:{last}'],
    draw: channels,
    byPeriod: true,
  },
  {
    title: 'Devices and languages',
    about: 'In the days chosen above.',
    requests: ['/v1/marts/conversion_by_device?at_least=day:{first}&at_most=day:{last}'],
    draw: devices,
    byPeriod: true,
  },
  {
    title: 'Products',
    about: 'Most looked at first; shares are of those who looked.',
    requests: ['/v1/marts/product_performance?order=-views'],
    draw: products,
  },
  {
    title: 'Sizes and other options',
    about: 'Which were picked by visitors who then bought no such product.',
    requests: ['/v1/marts/option_interest?order=-visitors_not_bought'],
    draw: options,
  },
  {
    title: 'Searches',
    requests: ['/v1/marts/search_terms?order=-searches'],
    draw: searches,
  },
  {
    title: 'Searches that found nothing',
    requests: ['/v1/marts/search_terms?at_least=without_result:1&order=-without_result'],
    draw: searchesWithoutResult,
  },
  { title: 'Where they go', requests: ['/v1/marts/navigation_paths?order=-steps'], draw: paths },
  { title: 'Forms', about: 'By field; never what was typed.', requests: ['/v1/marts/form_funnels'], draw: forms },
  {
    title: 'Who comes back',
    about: 'Of the visitors first seen in a week: the share that came back that many weeks later.',
    requests: ['/v1/marts/retention_cohorts?order=-cohort_week'],
    draw: retention,
  },
  { title: 'Segments', requests: ['/v1/segments', '/v1/segments/{name}/members?format=csv'], draw: segments },
  {
    title: 'Blocks of recommendations',
    about: 'In the days chosen above; those that are over are compared with as many before. An order counts on the day of its click.',
    requests: ['/v1/marts/recommendations_daily?at_least=day:{first}&at_most=day:{last}'],
    draw: blocks,
    byPeriod: true,
  },
  { title: 'Experiments', requests: ['/v1/marts/experiment_results'], draw: experiments },
]
