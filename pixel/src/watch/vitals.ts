/** Web Vitals, told once for a page when it is first hidden. Milliseconds; CLS has no unit. */
import { core } from '../extra/core';

type Entry = PerformanceEntry & { value: number; hadRecentInput: boolean; interactionId: number };

let lcp = 0;
let inp = 0;
let cls = 0;
let told = 0;
/** The layout shift's session window: gaps under 1 s, 5 s at most. */
let window_ = 0;
let first = 0;
let last = 0;

const watch = (type: string, seen: (entry: Entry) => void): void => {
  try {
    new PerformanceObserver((list) => (list.getEntries() as Entry[]).forEach(seen)).observe({
      type,
      buffered: true,
      durationThreshold: 40,
    } as PerformanceObserverInit);
  } catch {
    // this browser does not measure it
  }
};

watch('largest-contentful-paint', (e) => (lcp = e.startTime));
watch('layout-shift', (e) => {
  if (e.hadRecentInput) return;
  const t = e.startTime;
  if (t - last >= 1000 || t - first >= 5000) {
    first = t;
    window_ = 0;
  }
  last = t;
  cls = Math.max(cls, (window_ += e.value));
});
watch('event', (e) => (inp = Math.max(inp, e.interactionId && e.duration)));
core.leave_.push(() => {
  if (told++) return;
  const [nav] = performance.getEntriesByType('navigation') as PerformanceNavigationTiming[];
  const [paint] = performance.getEntriesByName('first-contentful-paint');
  const ms = (n?: number): number | undefined => (n ? Math.round(n) : undefined);
  core.track_('Web Vitals', { ttfb: ms(nav?.responseStart), fcp: ms(paint?.startTime), lcp: ms(lcp), inp: ms(inp), cls: +cls.toFixed(4) });
});
