import { AnalyticsBrowser } from '@segment/analytics-next'

window.send = async ({ url, writeKey, batching, calls }) => {
  const { protocol, host } = new URL(url)
  const analytics = AnalyticsBrowser.load(
    { writeKey, cdnSettings: { integrations: { 'Segment.io': { apiKey: writeKey } } } },
    {
      integrations: {
        'Segment.io': {
          apiHost: `${host}/v1`,
          protocol: protocol.slice(0, -1),
          ...(batching && { deliveryStrategy: { strategy: 'batching', config: { size: 4, timeout: 300 } } }),
        },
      },
    },
  )
  for (const call of calls) {
    if (call.type === 'identify') await analytics.identify(call.userId, call.traits)
    if (call.type === 'track') await analytics.track(call.event, call.properties)
    if (call.type === 'page') await analytics.page(call.category, call.name, call.properties)
    if (call.type === 'group') await analytics.group(call.groupId, call.traits)
    if (call.type === 'alias') await analytics.alias(call.userId, call.previousId)
  }
  return (await analytics.user()).anonymousId()
}
