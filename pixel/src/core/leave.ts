/** Functions run before the queue is flushed: with `true` when the page goes, with `false` when it is only hidden. */
export const leave: Array<(final: boolean) => void> = [];
