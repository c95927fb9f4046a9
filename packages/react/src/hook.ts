import { recommend, type Item, type Kind, type Recommended, type RecommendOptions } from '@footfall/pixel';
import { useCallback, useEffect, useRef, useState, type CSSProperties, type MouseEvent } from 'react';
import { tellClick, watchViews } from './tracking.js';

/** How long a block may look as if it loads: the tag's file, then the API's 1.5 s. A later answer fills it all the same. */
const PATIENCE_MS = 5000;

/** `asked` until an answer has come, `kept` where there is nothing to show: the words of the tag's blocks. */
export type Status = 'asked' | 'filled' | 'kept';

export interface BlockProps {
  ref: (element: HTMLElement | null) => void;
  style?: CSSProperties;
  'aria-busy': boolean;
  'data-footfall': Kind;
  'data-footfall-state': Status;
  'data-placement': string;
}

export interface CardProps {
  'data-product-id': string;
  onClick: (event: MouseEvent) => void;
  onAuxClick: (event: MouseEvent) => void;
}

export interface UsedRecommendations extends Recommended {
  status: Status;
  /** Spread them on the element around the list. */
  blockProps: BlockProps;
  /** Spread them on the element of a card. */
  cardProps: (item: Item) => CardProps;
}

interface State {
  status: Status;
  answer: Recommended;
  /** Pixels that the block had before it was filled: it keeps them. */
  height?: number;
}

const ASKED: State = { status: 'asked', answer: { items: [] } };

/** Asks the API for products, and tells the collector that they were seen and clicked, as the tag's own blocks do. On a server,
 * and until the browser has asked, the status is `asked`. */
export const useRecommendations = ({ kind = 'recommended', product, cart, limit = 4, placement = kind }: RecommendOptions = {}): UsedRecommendations => {
  const block = useRef<HTMLElement | null>(null);
  const ref = useCallback((element: HTMLElement | null) => void (block.current = element), []);
  const [{ status, answer, height }, setState] = useState(ASKED);

  useEffect(() => {
    let gone = false;
    setState(ASKED);
    const timer = setTimeout(() => setState((state) => (state.status == 'asked' ? { ...state, status: 'kept' } : state)), PATIENCE_MS);
    void recommend({ kind, product, cart, limit, placement }).then((found) => {
      clearTimeout(timer);
      if (!gone) setState({ status: found.items.length ? 'filled' : 'kept', answer: found, height: block.current?.offsetHeight });
    });
    return () => {
      gone = true;
      clearTimeout(timer);
    };
  }, [kind, product, cart, limit, placement]);

  useEffect(() => {
    if (status == 'filled' && block.current) return watchViews(block.current, answer, kind, placement);
    return undefined;
  }, [status, answer, kind, placement]);

  const click = (item: Item) => (event: MouseEvent) => {
    if (event.button < 2) tellClick(answer, kind, placement, item);
  };
  return {
    ...answer,
    status,
    blockProps: {
      ref,
      style: status == 'filled' && height ? { minHeight: height } : status == 'kept' ? { minHeight: 0 } : undefined,
      'aria-busy': status == 'asked',
      'data-footfall': kind,
      // the tag fills no block that has a state
      'data-footfall-state': status,
      'data-placement': placement,
    },
    cardProps: (item) => ({ 'data-product-id': item.product_id, onClick: click(item), onAuxClick: click(item) }),
  };
};
