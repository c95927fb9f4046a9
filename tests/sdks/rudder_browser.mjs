// The bundled build: the usual one loads its plugins from a CDN.
import { RudderAnalytics } from '@rudderstack/analytics-js/bundled'

window.send = ({ url, writeKey, beacon, calls }) =>
  new Promise((resolve) => {
    const analytics = new RudderAnalytics()
    analytics.load(writeKey, url, {
      getSourceConfig: () => ({
        source: {
          id: 'footfall',
          name: 'Footfall',
          writeKey,
          workspaceId: 'footfall',
          enabled: true,
          connections: [],
          destinations: [],
          config: { statsCollection: { errors: { enabled: false }, metrics: { enabled: false } } },
        },
      }),
      useBeacon: beacon,
      beaconQueueOptions: { flushQueueInterval: 300 },
      onLoaded: () => {
        for (const call of calls) {
          if (call.type === 'identify') analytics.identify(call.userId, call.traits)
          if (call.type === 'track') analytics.track(call.event, call.properties)
          if (call.type === 'page') analytics.page(call.category, call.name, call.properties)
          if (call.type === 'group') analytics.group(call.groupId, call.traits)
          if (call.type === 'alias') analytics.alias(call.userId, call.previousId)
        }
        resolve(analytics.getAnonymousId())
      },
    })
  })
