/** What the types allow and refuse: `tsc` fails where a refusal is missing. */
import { createClient, type Schema } from '@footfall/client';
import { identify, recommend, track, type Item } from '@footfall/pixel';

declare module '@footfall/pixel' {
  interface Events {
    'Gift Wrapped': { paper?: string };
  }
}

track('Product Added', { product_id: '1', quantity: 2, price: 9.5 });
track('Signed Out');
track('Of the shop alone', { anything: [1] });
track('Gift Wrapped', { paper: 'stars' });
identify('42', { method: 'password', plan: 'gold' });
// @ts-expect-error a misspelt property of an event of the plan
track('Product Added', { productId: '1' });
// @ts-expect-error of another type
track('Product Added', { quantity: 'two' });
// @ts-expect-error and of an event that the shop declared
track('Gift Wrapped', { colour: 'red' });
// @ts-expect-error no such kind
void recommend({ kind: 'similiar' });

export const titles = async (): Promise<Array<string | undefined>> => (await recommend({ kind: 'similar', limit: 3 })).items.map((item: Item) => item.title);

export const fromServer = async (): Promise<Schema<'Recommendations'>['items']> => {
  const client = createClient({ api: 'https://recommend.example', key: 'secret' });
  const { data, error } = await client.GET('/v1/recommendations', { params: { query: { user: '42', limit: 4 } } });
  if (!data) throw new Error(error?.detail ?? 'refused');
  // @ts-expect-error no such parameter
  await client.GET('/v1/recommendations', { params: { query: { usr: '42' } } });
  // @ts-expect-error no such route
  await client.GET('/v1/recommendation');
  return data.items;
};
