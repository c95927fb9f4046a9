import { Recommendations, useRecommendations } from '@footfall/react';
import { useState } from 'react';

/** A list that is all the shop's own, by the hook. */
const Alike = ({ product }: { product: string }) => {
  const { status, items, blockProps, cardProps } = useRecommendations({ kind: 'similar', product, limit: 2, placement: 'alike' });
  return (
    <ul id="alike" {...blockProps}>
      {status == 'asked' ? (
        <li>Looking</li>
      ) : (
        items.map((item) => (
          <li key={item.product_id}>
            <button {...cardProps(item)}>{item.title}</button>
          </li>
        ))
      )}
    </ul>
  );
};

export const App = () => {
  const [product, setProduct] = useState('P1');
  return (
    <main>
      <h1>Shop</h1>
      <div id="top">
        <Recommendations className="picks" placement="home-top" limit={4} />
      </div>
      <p id="below">Below</p>
      <Recommendations className="own" kind="bought-together" product="NONE" fallback={<p>The picks of the shop</p>} />
      <div style={{ minHeight: 100 }}>
        <Alike product={product} />
      </div>
      <button id="next" onClick={() => setProduct('P2')}>
        Another product
      </button>
    </main>
  );
};
