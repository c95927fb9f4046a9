// How the overview asks: the key, the period, answers of the API, and where an answer that is a refusal goes.

import { el } from './charts.js'

/** Rows of a mart that come at once, and how many pages are read before a part says that it left some out. */
export const PAGE = 1000
const PAGES = 20
/** `last`: the last day with a visit, as text; `isToday`: it is not over. `refused`: what to do where the API doesn't
 * take the key. */
export const state = { key: '', days: 30, last: undefined, isToday: false, refused: undefined }

class AnswerError extends Error {
  constructor(status, detail) {
    super(detail)
    this.status = status
  }
}

/** The answer of the API, an object. Throws AnswerError with what the problem details say. */
export const ask = async (path) => {
  const answer = await fetch(`.${path}`, { headers: { 'X-Footfall-Key': state.key } })
  const body = await answer.json().catch(() => {
    // a proxy in front, mostly
    throw new AnswerError(answer.status, `${answer.status}, and no answer of the API: is it running?`)
  })
  if (!answer.ok) throw new AnswerError(answer.status, body.detail)
  return body
}

/** Which rows with a day are compared: those of the period's days that are over, and of as many before the period. Half
 * a day beside whole ones would look like a fall. */
export const comparison = () => {
  const first = day(state.last, 1 - state.days)
  const days = state.days - state.isToday
  const [lastNow, firstBefore] = [day(first, days - 1), day(first, -days)]
  return {
    firstBefore,
    isNow: (row) => row.day >= first && row.day <= lastNow,
    isBefore: (row) => row.day < first && row.day >= firstBefore,
  }
}

/** Rows of a mart with a day, of the chosen period, or of so many up to it; and whether all of them came. */
export const rowsOfPeriod = async (mart, periods = 1) => {
  const rows = []
  const period = `at_least=day:${day(state.last, 1 - periods * state.days)}&at_most=day:${state.last}`
  let cursor = ''
  for (let page = 0; page < PAGES; page++) {
    const answer = await ask(
      `/v1/marts/${mart}?${period}&order=-day&limit=${PAGE}${cursor && `&cursor=${encodeURIComponent(cursor)}`}`,
    )
    rows.push(...answer.items)
    if (!answer.next_cursor) return { rows, isWhole: true }
    cursor = answer.next_cursor
  }
  return { rows, isWhole: false }
}

/** Currencies that the newest days of the revenue are in, as senders wrote them. */
export const currencies = async () => {
  const path = `/v1/marts/orders_daily?order=-day&limit=${PAGE}`
  const { items } = await ask(path).catch((error) => {
    // a mart that could not be served is left out of the snapshot
    if (error.status == 404) return { items: [] }
    throw error
  })
  return [...new Set(items.map((row) => row.currency))].filter(Boolean).toSorted()
}

export const day = (text, plus) => new Date(Date.parse(text) + plus * 864e5).toISOString().slice(0, 10)

export const sum = (rows, name) => rows.reduce((all, row) => all + (row[name] ?? 0), 0)

export const figures = (days) => {
  const sessions = sum(days, 'sessions')
  const orders = sum(days, 'orders')
  return {
    sessions,
    orders,
    revenue: sum(days, 'revenue'),
    conversion: orders / sessions,
    bounces: sum(days, 'bounces') / sessions,
    pages: sum(days, 'page_views') / sessions,
  }
}

/** Puts what is drawn into a place, or why it could not be drawn; unless something else was asked for meanwhile. */
export const inside = async (place, draw) => {
  const turn = (place.turn = {})
  let drawn
  try {
    drawn = await draw()
  } catch (error) {
    if (error.status == 401 || error.status == 403) state.refused(error.message)
    drawn = [el('p', { role: 'alert' }, error.message)]
  }
  if (place.turn === turn) place.replaceChildren(...drawn)
}
