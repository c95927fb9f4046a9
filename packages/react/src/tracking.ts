/** What the tag's own blocks tell of a list: that it was seen, and what was clicked in it. */
import { track, type Item, type Kind, type Recommended } from '@footfall/pixel';

const about = ({ version, experiment, arm }: Recommended, kind: Kind, placement: string): { placement: string; kind: Kind; version?: string; experiment?: string; arm?: string } => ({
  placement,
  kind,
  version,
  // null says that the visitor takes no part: then the events say nothing
  ...(experiment && arm ? { experiment, arm } : {}),
});

/** Tells once that the list was seen: when half of it is in view, or half a screen of one that is taller. Returns what ends the
 * watch. */
export const watchViews = (block: Element, answer: Recommended, kind: Kind, placement: string): (() => void) => {
  const watch = new IntersectionObserver(
    (entries) => {
      if (!entries.some((entry) => entry.isIntersecting)) return;
      watch.disconnect();
      track('Recommendation Viewed', { ...about(answer, kind, placement), product_ids: answer.items.map((item) => item.product_id) });
    },
    { threshold: Math.min(0.5, innerHeight / 2 / ((block as HTMLElement).offsetHeight || 1)) },
  );
  watch.observe(block);
  return () => watch.disconnect();
};

export const tellClick = (answer: Recommended, kind: Kind, placement: string, item: Item): void =>
  track('Recommendation Clicked', {
    ...about(answer, kind, placement),
    product_id: item.product_id,
    position: answer.items.indexOf(item) + 1,
    source: item.source,
    reason: item.reason,
  });
