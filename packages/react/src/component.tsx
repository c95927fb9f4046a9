import type { Item, RecommendOptions } from '@footfall/pixel';
import { Fragment, type ReactNode } from 'react';
import { useRecommendations, type CardProps } from './hook.js';

export interface RecommendationsProps extends RecommendOptions {
  className?: string;
  /** The shop's own picks: they stand until there is an answer, and for good where there is none. */
  fallback?: ReactNode;
  /** What stands until there is an answer, if there is no `fallback`; as many empty cards as asked for unless said. */
  skeleton?: ReactNode;
  /** A card of the shop's own; `props` belong on its element. */
  children?: (item: Item, props: CardProps) => ReactNode;
  /** Of prices; the page's unless said. */
  language?: string;
}

/** Only addresses that lead to a page or a picture, and where they seem to: no script, no user, no other host by `//`. */
export const safeUrl = (url: string | null | undefined): string | undefined =>
  url && /^(https?:\/\/(?![^/?#]*@)|\/(?!\/)|[.#])[^\\\s]*$/i.test(url) ? url : undefined;

export const formatPrice = (item: Item, language?: string): string => {
  if (item.price == null) return '';
  try {
    return new Intl.NumberFormat(language || undefined, { style: 'currency', currency: item.currency || '' }).format(item.price);
  } catch {
    return `${item.price}`;
  }
};

const Skeleton = ({ cards }: { cards: number }): ReactNode => (
  <div className="ff-list" aria-hidden="true">
    {Array.from({ length: cards }, (_, i) => (
      <div className="ff-card ff-card--skeleton" key={i}>
        {['image', 'title', 'price', 'reason'].map((part) => (
          <span className={'ff-card__' + part} key={part} />
        ))}
      </div>
    ))}
  </div>
);

/** A block of recommendations: a skeleton, then cards, or the shop's own picks. Its styles are `@footfall/react/styles.css`. */
export const Recommendations = ({ className, fallback, skeleton, children, language, ...options }: RecommendationsProps): ReactNode => {
  const { items, status, blockProps, cardProps } = useRecommendations(options);
  // where one has a picture, the others have its place, and all texts are level
  const pictures = items.some((item) => safeUrl(item.image_url));
  const spoken = language ?? (typeof document == 'undefined' ? undefined : document.documentElement.lang);
  const card = (item: Item): ReactNode => (
    <a className="ff-card" href={safeUrl(item.url)} {...cardProps(item)}>
      {pictures && (safeUrl(item.image_url) ? <img className="ff-card__image" src={safeUrl(item.image_url)} alt={item.title ?? ''} loading="lazy" /> : <span className="ff-card__image" />)}
      <span className="ff-card__title">{item.title}</span>
      <span className="ff-card__price">{formatPrice(item, spoken)}</span>
      <span className="ff-card__reason">{item.reason}</span>
    </a>
  );
  return (
    <div className={className} {...blockProps}>
      {status == 'filled' ? (
        <div className="ff-list">
          {items.map((item) => (
            <Fragment key={item.product_id}>{children ? children(item, cardProps(item)) : card(item)}</Fragment>
          ))}
        </div>
      ) : status == 'asked' && fallback == null ? (
        (skeleton ?? <Skeleton cards={options.limit ?? 4} />)
      ) : (
        fallback
      )}
    </div>
  );
};
