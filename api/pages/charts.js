// What the overview is drawn with: elements, tables, bars, a chart by day. Texts go in as text, never as HTML: what
// people search for, and what products are called, is theirs to choose.

const count = new Intl.NumberFormat(undefined, { maximumFractionDigits: 1 })
const money = new Intl.NumberFormat(undefined, { minimumFractionDigits: 2, maximumFractionDigits: 2 })
const percent = new Intl.NumberFormat(undefined, { style: 'percent', maximumFractionDigits: 1 })
const day = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short', timeZone: 'UTC' })
const moment = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' })

const NOTHING = '–'
let writeMoney = (value) => money.format(value)
/** From now on amounts of money are in this currency: an ISO code gives its sign, another name stands behind them. */
export const moneyIs = (name) => {
  const format = /^[A-Z]{3}$/.test(name) ? new Intl.NumberFormat(undefined, { style: 'currency', currency: name }) : money
  writeMoney = (value) => format.format(value) + (name && format == money ? ` ${name}` : '')
}
const shown = (format) => (value) =>
  value === null || value === undefined || Number.isNaN(value) ? NOTHING : format(value)

/** How values are written; none is a dash. Shares are between 0 and 1, times in seconds. */
export const as = {
  text: shown(String),
  count: shown((value) => count.format(value)),
  money: shown((value) => writeMoney(value)),
  amount: shown((value) => money.format(value)),
  share: shown((value) => percent.format(value)),
  day: shown((value) => day.format(new Date(value))),
  moment: shown((value) => moment.format(new Date(value))),
  seconds: shown((value) => {
    for (const [size, unit] of [
      [86400, 'd'],
      [3600, 'h'],
      [60, 'min'],
    ])
      if (value >= size) return `${count.format(value / size)} ${unit}`
    return `${Math.round(value)} s`
  }),
}

/** An element with attributes (a function is a listener) and children (text, elements, or nothing). */
export const el = (name, attributes = {}, ...children) => fill(document.createElement(name), attributes, children)

const svg = (name, attributes = {}, ...children) =>
  fill(document.createElementNS('http://www.w3.org/2000/svg', name), attributes, children)

const fill = (node, attributes, children) => {
  for (const [key, value] of Object.entries(attributes)) {
    if (typeof value == 'function') node.addEventListener(key, value)
    else if (value !== false && value !== undefined) node.setAttribute(key, value === true ? '' : value)
  }
  node.append(...children.flat().filter((child) => child !== undefined && child !== null && child !== false))
  return node
}

/** A bar as long as its share of the longest. */
export const bar = (share, kind = 'first') => {
  const node = el('span', { class: `bar ${kind}` })
  // by the object model: the page's policy lets no style attribute through
  node.style.width = `${Math.max(share * 100, share > 0 ? 0.5 : 0)}%`
  return node
}

/** Rows as a table. A column: title, value(row), write (of `as`), `note(row)` in small letters below, and `bar` where
 * its numbers get bars. */
export const table = (columns, rows, empty) => {
  if (!rows.length) return el('p', { class: 'soft' }, empty)
  const longest = columns.map((column) => column.bar && Math.max(...rows.map((row) => column.value(row) ?? 0), 0))
  return el(
    'div',
    { class: 'scroll' },
    el(
      'table',
      {},
      el(
        'thead',
        {},
        el(
          'tr',
          {},
          columns.map((column) => el('th', { class: kind(column), scope: 'col' }, column.title)),
        ),
      ),
      el(
        'tbody',
        {},
        rows.map((row) =>
          el(
            'tr',
            {},
            columns.map((column, at) =>
              el(
                'td',
                { class: kind(column) },
                column.write(column.value(row)),
                column.note && el('small', {}, column.note(row)),
                longest[at] ? bar((column.value(row) ?? 0) / longest[at]) : undefined,
              ),
            ),
          ),
        ),
      ),
    ),
  )
}

const kind = (column) => (column.write == as.text ? undefined : 'number')

const HEIGHT = 190
const LEFT = 44
const FOOT = 20

/** Stacked columns by day. `days`: [{day, values: [..]}], `names`: what the values are; the last day may be unfinished. */
export const columns = (title, names, days, isUnfinished) => {
  // as wide as it is shown, so that its letters have the size that they say, on a phone too; 66: what stands around it
  const WIDTH = Math.min(Math.max(document.documentElement.clientWidth - 66, 280), 1180)
  const sum = (values) => values.reduce((all, value) => all + value, 0)
  const step = niceStep(Math.max(...days.map(({ values }) => sum(values)), 1))
  const top = Math.ceil(Math.max(...days.map(({ values }) => sum(values)), 1) / step) * step
  const y = (value) => HEIGHT - (value / top) * HEIGHT
  const width = Math.min((WIDTH - LEFT) / days.length, 130) // one day is no wall
  const every = Math.ceil(days.length / Math.max(Math.floor((WIDTH - LEFT) / 70), 1)) // a day takes 45 of 70
  const grid = Array.from({ length: top / step + 1 }, (_, at) => at * step)
  return el(
    'figure',
    {},
    el(
      'figcaption',
      {},
      el('b', {}, title),
      names.map((name, at) => el('span', {}, el('i', { class: KINDS[at] }), name)),
    ),
    svg(
      'svg',
      { viewBox: `0 -8 ${WIDTH} ${HEIGHT + FOOT + 8}`, role: 'img', 'aria-label': `${title}, ${days.length} days` },
      grid
        .map((value) => [
          svg('line', { x1: LEFT, x2: WIDTH, y1: y(value), y2: y(value) }),
          svg('text', { x: LEFT - 8, y: y(value) + 4, 'text-anchor': 'end' }, as.count(value)),
        ])
        .flat(),
      days.map(({ day, values }, at) => {
        const x = LEFT + at * width
        let below = 0
        const said = values.map((value, which) => `${names[which]}: ${as.count(value)}`).join(', ')
        return svg(
          'g',
          { class: isUnfinished && at == days.length - 1 ? 'unfinished' : undefined },
          svg('title', {}, `${as.day(day)}. ${said}`),
          svg('rect', { x, y: 0, width, height: HEIGHT, fill: 'transparent' }),
          values.map((value, which) => {
            const height = (value / top) * HEIGHT
            below += height
            return svg('rect', {
              class: KINDS[which],
              x: x + width * 0.12,
              y: HEIGHT - below,
              width: width * 0.76,
              height,
            })
          }),
          at % every == 0 &&
            svg('text', { x: x + width / 2, y: HEIGHT + FOOT - 4, 'text-anchor': 'middle' }, as.day(day)),
        )
      }),
    ),
  )
}

const KINDS = ['first', 'second']

/** About four lines of a grid, at 1, 2 or 5 times a power of ten. */
const niceStep = (most) => {
  const rough = most / 4
  const power = 10 ** Math.max(Math.floor(Math.log10(rough)), 0)
  return [1, 2, 5, 10].map((times) => times * power).find((step) => step >= rough)
}
