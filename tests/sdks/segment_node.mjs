// stdin: {url, writeKey, guest, calls}; stdout: the messages as the SDK put them on the wire.
import { readFileSync } from 'node:fs'
import { Analytics } from '@segment/analytics-node'

const { url, writeKey, guest, calls } = JSON.parse(readFileSync(0, 'utf8'))
const analytics = new Analytics({ writeKey, host: url, flushAt: 4 })
const sent = []
const failures = []
analytics.on('http_request', ({ body }) => sent.push(...JSON.parse(body).batch))
analytics.on('error', (error) => failures.push(String(error.reason ?? error.code)))
let user
for (const { type, ...call } of calls) {
  user ??= call.userId
  analytics[type]({ userId: user, anonymousId: guest, ...call })
}
await analytics.closeAndFlush({ timeout: 10000 })
console.log(JSON.stringify({ sent, failures }))
