/** The page is hidden, or about to go: what is sent now can still be answered, before the next page is there. */
import { core, D, W } from '../extra/core';

const going = (): void => {
  core.leave_.forEach((f) => f(false));
  W.footfall!('flush', true);
};

export const watchGoing = (): void => {
  core.on_(D, 'visibilitychange', () => D.hidden && going());
  W.navigation?.addEventListener('navigate', (e) => (e as Event & { destination: { sameDocument: boolean } }).destination.sameDocument || going());
};
