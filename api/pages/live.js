// Events as they are accepted: asks GET /v1/live again and again, and keeps the newest on the page.

import { ask, state } from './client.js'
import { el } from './charts.js'

const KEY = 'footfall_key'
/** Between two answers. */
const LOOK_MS = 1000
/** Rows that are kept, the newest. */
const ROWS = 500

const find = (id) => document.getElementById(id)
const body = document.querySelector('#stream tbody')
const time = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit' })
/** The newest events, the newest first; while paused those that wait come before. */
let events = []
let waiting = []
let cursor = ''
let isPaused = false
/** Stays until the list is cleared. */
let hasSkipped = false
let turn

const name = (event) => (event.outcome == 'refused' ? 'refused request' : event.event || event.type || 'no type')

const said = {
  accepted: 'accepted',
  bot: 'a bot’s: kept, counts nowhere',
  rejected: 'rejected: kept as a failed event',
  refused: 'refused: nothing is kept',
}

const product = ({ product_id: id, title, is_known: isKnown }) =>
  el(
    'div',
    {},
    title && title != id ? `${title} (${id})` : `product ${id}`,
    isKnown === false && el('small', { class: 'refused' }, 'not in the published catalogue'),
    isKnown == null && el('small', {}, 'nothing is published yet to look it up in'),
  )

const row = (event) => {
  const button = el('button', { type: 'button', 'aria-expanded': 'false' }, name(event))
  const guest = event.guest ?? '–'
  const user = event.user && `user ${event.user}${event.is_proven ? '' : ', not proven'}`
  const line = el(
    'tr',
    { class: 'event' },
    el('td', {}, time.format(new Date(event.at))),
    el('td', {}, button, event.type && event.event && el('small', {}, event.type)),
    el('td', {}, guest, user && el('small', {}, `logged in: ${user}`)),
    el(
      'td',
      {},
      (event.products ?? []).map(product),
      event.zone && el('div', {}, `zone ${event.zone}`),
      event.url && el('small', {}, event.url),
    ),
    el('td', {}, el('span', { class: event.outcome }, said[event.outcome]), event.reason && el('small', {}, event.reason)),
  )
  line.addEventListener('click', () => {
    const isOpen = button.getAttribute('aria-expanded') == 'true'
    button.setAttribute('aria-expanded', `${!isOpen}`)
    if (isOpen) return line.nextSibling.remove()
    const text = JSON.stringify(event.message ?? event, null, 2)
    line.after(el('tr', {}, el('td', { colspan: '5' }, el('pre', {}, text))))
  })
  return line
}

const isWanted = (event) => {
  const type = find('type').value
  const token = find('guest').value.trim()
  const shown = (event.guest ?? '').replace('…', '')
  if (type && name(event) != type) return false
  return !token || (shown && (token.startsWith(shown) || shown.startsWith(token)))
}

const draw = () => {
  body.replaceChildren(...events.filter(isWanted).map(row))
  tell()
}

const tell = () => {
  const count = body.querySelectorAll('tr.event').length
  find('count').textContent = [
    events.length && `${count} of ${events.length} shown`,
    isPaused && `${waiting.length} more since the pause`,
  ]
    .filter(Boolean)
    .join(', ')
  find('stream').hidden = !events.length
  find('waiting').hidden = !!(events.length || waiting.length) || !find('problem').hidden
}

const add = (items) => {
  const newest = items.toReversed()
  if (isPaused) waiting = [...newest, ...waiting].slice(0, ROWS)
  else {
    events = [...newest, ...events].slice(0, ROWS)
    body.prepend(...newest.filter(isWanted).map(row))
    // with what of them stands open
    const lines = [...body.querySelectorAll('tr.event')]
    for (const line of lines.slice(ROWS)) {
      if (line.nextSibling && !line.nextSibling.classList.contains('event')) line.nextSibling.remove()
      line.remove()
    }
  }
  const known = new Set([...find('type').options].map((option) => option.value))
  for (const one of new Set(items.map(name))) if (!known.has(one)) find('type').append(el('option', { value: one }, one))
  tell()
}

const problem = (text) => {
  find('problem').textContent = text
  find('problem').hidden = !text
}

const follow = async (mine) => {
  let pause = LOOK_MS
  try {
    const answer = await ask(`/v1/live${cursor && `?cursor=${encodeURIComponent(cursor)}`}`)
    if (turn !== mine) return
    sessionStorage[KEY] = state.key
    find('ask').hidden = true
    find('tools').hidden = find('leave').hidden = false
    // An answer that stays the same is not said again to who listens to the page
    hasSkipped ||= answer.skipped
    const text = answer.problem ?? (hasSkipped ? 'Some events may be left out here; the pipeline has all of them.' : '')
    if (find('problem').textContent != text) problem(text)
    cursor = answer.cursor
    if (answer.more) pause = 0
    add(answer.items)
  } catch (error) {
    if (turn !== mine) return
    if (error.status == 401 || error.status == 403) return askForKey(error.message)
    // An older cursor, or one of another collector
    if (error.status == 400) cursor = ''
    problem(error.status ? error.message : 'The API does not answer: is it running?')
    pause = 4 * LOOK_MS
  }
  setTimeout(() => turn === mine && follow(mine), pause)
}

const begin = () => follow((turn = {}))

const askForKey = (refusal = '') => {
  turn = undefined
  delete sessionStorage[KEY]
  for (const id of ['leave', 'tools', 'waiting', 'stream', 'problem']) find(id).hidden = true
  events = []
  waiting = []
  cursor = ''
  body.replaceChildren()
  find('refused').textContent = refusal
  find('ask').hidden = false
  find('key').focus()
}

find('ask').addEventListener('submit', (event) => {
  event.preventDefault()
  state.key = find('key').value
  find('key').value = ''
  begin()
})
find('leave').addEventListener('click', () => askForKey())
find('type').addEventListener('change', draw)
find('guest').addEventListener('input', draw)
find('clear').addEventListener('click', () => {
  hasSkipped = false
  events = []
  waiting = []
  draw()
})
find('pause').addEventListener('click', ({ target }) => {
  isPaused = !isPaused
  target.setAttribute('aria-pressed', `${isPaused}`)
  target.textContent = isPaused ? 'Go on' : 'Pause'
  const late = waiting.toReversed()
  waiting = []
  if (isPaused) tell()
  else add(late)
})

// (what stands behind the # never leaves the browser; it is taken out of the address all the same)
state.key = decodeURIComponent(location.hash.slice(1)) || sessionStorage[KEY] || ''
if (location.hash) history.replaceState(null, '', location.pathname)
if (state.key) begin()
else askForKey()
