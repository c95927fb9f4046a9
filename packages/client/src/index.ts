import createOpenApiClient, { type Client } from 'openapi-fetch';
import type { components, paths } from './schema.js';

export type { components, paths };
/** An answer by its name in the API's document: `Schema<'Recommendations'>`. */
export type Schema<Name extends keyof components['schemas']> = components['schemas'][Name];

/** Answers and refusals; CSV is for tools that read it as it is. */
type Media = 'application/json' | 'application/problem+json';

export interface ClientOptions {
  /** The API's address. */
  api: string;
  /** In a page the public key; the secret key belongs on a server. */
  key: string;
  /** Milliseconds that an answer may take; 1500 unless said. */
  timeout?: number;
  /** Instead of the platform's: for tests, retries, a cache. */
  fetch?: (request: Request) => Promise<Response>;
}

/** A client of the API, typed by its document:
 *
 *     const { data, error } = await client.GET('/v1/recommendations', { params: { query: { user: '42', limit: 4 } } });
 *
 * `error` is the problem document of a refusal. Rejects where nobody answers in time. */
export const createClient = ({ api, key, timeout = 1500, fetch = globalThis.fetch }: ClientOptions): Client<paths, Media> =>
  createOpenApiClient<paths, Media>({
    baseUrl: api.replace(/\/$/, ''),
    headers: { 'X-Footfall-Key': key, Accept: 'application/json' },
    fetch: (request) => fetch(new Request(request, { signal: AbortSignal.any([request.signal, AbortSignal.timeout(timeout)]) })),
  });
