// The parts of the overview that are about all that the snapshot knows, whatever days are chosen.

import { PAGE, ask, inside } from './client.js'
import { as, bar, el, table } from './charts.js'

/** A part that is one request and one table. */
const listing =
  (path, columns, empty, rows = (answer) => answer.items) =>
  async () => [table(columns, rows(await ask(path)), empty)]

export const funnels = async () => {
  const { items } = await ask(`/v1/marts/funnel_steps?limit=${PAGE}`)
  if (!items.length) return [el('p', { class: 'soft' }, 'No funnel is declared.')]
  const all = Map.groupBy(items, (row) => row.funnel)
  const place = el('div')
  const chosen = all.has('purchase') ? 'purchase' : items[0].funnel
  place.replaceChildren(...(await funnel(chosen, all.get(chosen))))
  const select = el(
    'select',
    { 'aria-label': 'Funnel', change: () => inside(place, () => funnel(select.value, all.get(select.value))) },
    [...all.keys()].map((name) => el('option', { value: name, selected: name == chosen }, name.replaceAll('_', ' '))),
  )
  return [select, place]
}

const funnel = async (name, steps) => {
  const only = `where=${encodeURIComponent(`funnel:${name}`)}&limit=${PAGE}`
  const [times, breakdowns] = await Promise.all(
    ['funnel_time_to_convert', 'funnel_breakdowns'].map((mart) => ask(`/v1/marts/${mart}?${only}`)),
  )
  const half = new Map(times.items.map((row) => [row.step, row.p50]))
  const most = steps[0].reached
  const list = steps.map((step) =>
    el(
      'li',
      {},
      el(
        'div',
        {},
        step.step_name,
        el('span', { class: 'number' }, `${as.count(step.reached)} · ${as.share(step.conversion_from_first)}`),
      ),
      bar(most ? step.reached / most : 0),
      el(
        'small',
        {},
        step.step == 1 ? (step.scope == 'session' ? 'sessions' : 'visitors') : sinceStepBefore(step, half.get(step.step)),
      ),
    ),
  )
  const groups = Map.groupBy(breakdowns.items, (row) => row.breakdown)
  const rows = [...groups].map(([breakdown, of]) => ({ breakdown, entered: of[0].reached, done: of.at(-1).reached }))
  return [
    el('ol', { class: 'funnel' }, list),
    rows.length > 0 &&
      table(
        [
          { title: 'by', value: (row) => row.breakdown, write: as.text },
          { title: 'entered', value: (row) => row.entered, write: as.count },
          { title: 'went all the way', value: (row) => row.done, write: as.count },
          { title: '', value: (row) => row.done / row.entered, write: as.share, bar: true },
        ],
        rows.toSorted((a, b) => b.entered - a.entered).slice(0, 8),
      ),
  ].filter(Boolean)
}

const sinceStepBefore = ({ conversion_from_previous }, seconds) => {
  const share = `${as.share(conversion_from_previous)} of the step before`
  return seconds == null ? share : `${share}, half of them within ${as.seconds(seconds)}`
}

export const products = listing(
  '/v1/marts/product_performance?order=-views&limit=12',
  [
    { title: 'Product', value: (row) => row.title ?? row.product_id, write: as.text },
    { title: 'views', value: (row) => row.views, write: as.count, bar: true },
    { title: 'to the cart', value: (row) => row.cart_rate, write: as.share },
    { title: 'bought', value: (row) => row.conversion_rate, write: as.share },
    { title: 'units', value: (row) => row.units, write: as.count },
    { title: 'revenue', value: (row) => row.revenue, write: as.money },
  ],
  'Nobody has met a product yet.',
)

export const options = listing(
  '/v1/marts/option_interest?order=-visitors_not_bought&limit=12',
  [
    { title: 'Product', value: (row) => row.title ?? row.product_id, write: as.text },
    { title: 'option', value: (row) => `${row.option_name}: ${row.option_value}`, write: as.text },
    { title: 'picked by', value: (row) => row.visitors, write: as.count },
    { title: 'of these did not buy', value: (row) => row.visitors_not_bought, write: as.count, bar: true },
  ],
  'Nobody has picked an option yet.',
)

const SEARCHES = [
  { title: 'Searched for', value: (row) => row.query, write: as.text },
  { title: 'searches', value: (row) => row.searches, write: as.count, bar: true },
  { title: 'found nothing', value: (row) => row.without_result / row.searches, write: as.share },
  { title: 'to a product', value: (row) => row.with_product_view / row.searches, write: as.share },
  { title: 'to an order', value: (row) => row.with_order / row.searches, write: as.share },
]

export const searches = listing('/v1/marts/search_terms?order=-searches&limit=12', SEARCHES, 'Nobody has searched yet.')

export const searchesWithoutResult = listing(
  '/v1/marts/search_terms?at_least=without_result:1&order=-without_result&limit=12',
  SEARCHES,
  'Every search has found something.',
)

const ENDS = ['(entrance)', '(exit)']

export const paths = listing(
  '/v1/marts/navigation_paths?order=-steps&limit=100',
  [
    { title: 'From', value: (row) => row.from_path || row.from_type, write: as.text },
    { title: 'to', value: (row) => row.to_path || row.to_type, write: as.text },
    { title: 'times', value: (row) => row.steps, write: as.count, bar: true },
    { title: 'share of exits', value: (row) => row.share, write: as.share },
  ],
  'Nobody has gone from one page to another yet.',
  ({ items }) => items.filter((step) => !ENDS.includes(step.from_type) && !ENDS.includes(step.to_type)).slice(0, 12),
)

export const forms = listing(
  '/v1/marts/form_funnels?limit=40',
  [
    { title: 'Form', value: (row) => row.form, write: as.text },
    { title: 'field', value: (row) => row.field || 'all of it', write: as.text },
    { title: 'begun', value: (row) => row.attempts, write: as.count },
    {
      title: 'completed',
      value: (row) => (row.field ? row.completion_rate : row.submitted / row.attempts),
      write: as.share,
      bar: true,
    },
    { title: 'given up here', value: (row) => row.dropped, write: as.count },
  ],
  'Nobody has filled in a form yet.',
)

export const segments = async () => {
  const { items } = await ask('/v1/segments')
  return [
    table(
      [
        {
          title: 'Segment',
          value: (row) => row.name.replaceAll('_', ' '),
          write: as.text,
          note: (row) => row.description,
        },
        { title: 'visitors', value: (row) => row.members, write: as.count, bar: true },
        { title: 'contactable', value: (row) => row.reachable_members, write: as.count },
      ],
      items.toSorted((a, b) => b.members - a.members),
      'No segment is declared.',
    ),
  ]
}

const WEEKS = 8

export const retention = async () => {
  const { items } = await ask(`/v1/marts/retention_cohorts?order=-cohort_week&limit=${PAGE}`)
  if (!items.length) return [el('p', { class: 'soft' }, 'Nobody has come yet.')]
  const latest = [...Map.groupBy(items, (row) => row.cohort_week)].slice(0, WEEKS + 1).toReversed()
  const weeks = Array.from({ length: Math.min(WEEKS, latest.length - 1) }, (_, at) => at + 1)
  const highest = Math.max(
    ...latest.flatMap(([, rows]) => rows.filter((row) => row.weeks_later > 0).map((row) => row.retention)),
    0,
  )
  const cell = (rows, weeksLater) => {
    const row = rows.find((each) => each.weeks_later == weeksLater)
    const node = el('td', {}, row ? as.share(row.retention) : '')
    if (row)
      node.style.background = `color-mix(in srgb, var(--first) ${Math.round((70 * row.retention) / (highest || 1))}%, var(--card))`
    return node
  }
  return [
    el(
      'div',
      { class: 'scroll' },
      el(
        'table',
        { class: 'cohorts' },
        el(
          'thead',
          {},
          el(
            'tr',
            {},
            ['first seen in the week of', 'visitors', ...weeks.map((week) => `+${week}`)].map((title) =>
              el('th', { scope: 'col' }, title),
            ),
          ),
        ),
        el(
          'tbody',
          {},
          latest.map(([monday, rows]) =>
            el(
              'tr',
              {},
              el('td', {}, as.day(monday)),
              el('td', {}, as.count(rows[0].visitors)),
              weeks.map((week) => cell(rows, week)),
            ),
          ),
        ),
      ),
    ),
  ]
}

export const experiments = async () => {
  const { items } = await ask(`/v1/marts/experiment_results?limit=${PAGE}`)
  if (!items.length) return [el('p', { class: 'soft' }, 'No experiment is declared.')]
  return [...Map.groupBy(items, (row) => row.experiment)].flatMap(([name, arms]) => [
    el(
      'h3',
      {},
      name,
      !arms[0].is_ratio_ok && el('span', { class: 'down' }, ' (arms are not as large as they should be)'),
    ),
    table(
      [
        { title: 'Arm', value: (row) => row.arm, write: as.text },
        { title: 'visitors', value: (row) => row.visitors, write: as.count },
        { title: 'ordered', value: (row) => row.conversion, write: as.share, bar: true },
        {
          title: '95% interval',
          value: (row) => `${as.share(row.conversion_low)} to ${as.share(row.conversion_high)}`,
          write: as.text,
        },
        { title: 'revenue per visitor', value: (row) => row.revenue_per_visitor, write: as.money },
      ],
      arms,
    ),
  ])
}
