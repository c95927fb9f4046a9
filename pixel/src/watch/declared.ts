/** What only the server knows, such as an order, declared in markup: said once a view. */
import { core, D, parse } from '../extra/core';

export const declared = (): void => {
  for (const { dataset } of D.querySelectorAll<HTMLElement>('[data-footfall-event]')) core.once_(dataset.footfallEvent!, parse(dataset.footfallProps));
};
