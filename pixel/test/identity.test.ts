import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { page } from './page';

const MINUTE = 60_000;

beforeEach(() => vi.useFakeTimers({ now: new Date('2026-03-01T10:00:00Z') }));
afterEach(() => vi.useRealTimers());

describe('sessions', () => {
  const start = async () => {
    page();
    return (await import('../src/core/identity')).session;
  };

  it('lasts through exactly 30 idle minutes, and not a millisecond more', async () => {
    const session = await start();
    const first = session();
    vi.advanceTimersByTime(30 * MINUTE);
    expect(session()).toBe(first);
    vi.advanceTimersByTime(30 * MINUTE + 1);
    expect(session()).not.toBe(first);
  });

  it('ends after 24 hours however busy it is', async () => {
    const session = await start();
    const first = session();
    for (let i = 0; i < 72; i++) {
      vi.advanceTimersByTime(20 * MINUTE);
      expect(session()).toBe(first);
    }
    vi.advanceTimersByTime(1);
    expect(session()).not.toBe(first);
  });

  it('a changed campaign opens one, the same campaign and none do not', async () => {
    const session = await start();
    const first = session();
    const mail = session('utm_source=mail');
    expect(mail).not.toBe(first);
    expect(session()).toBe(mail);
    expect(session('utm_source=mail')).toBe(mail);
    expect(session('utm_source=ads')).not.toBe(mail);
  });

  it('is not cut at midnight', async () => {
    const session = await start();
    vi.setSystemTime(new Date('2026-03-01T23:50:00Z'));
    const first = session();
    vi.advanceTimersByTime(20 * MINUTE);
    expect(session()).toBe(first);
  });
});

describe('people', () => {
  const start = async (attributes = {}) => {
    page(attributes);
    const identity = await import('../src/core/identity');
    const { option, read, write } = await import('../src/core/env');
    identity.openIdentity();
    const told: string[] = [];
    const calls = {} as { identify(id: unknown): void; reset(): void };
    vi.stubGlobal('footfall', {
      $: {
        option_: option,
        read_: read,
        write_: write,
        settle_: () => {},
        setGuest_: identity.setGuest,
        add_: (more: object) => Object.assign(calls, more),
        message_: (type: string) => told.push(type),
        track_: (event: string) => told.push(event),
      },
    });
    await import('../src/watch/person');
    const setUser = (id: unknown): boolean => {
      told.length = 0;
      calls.identify(id);
      return told.join() == 'identify,Signed In';
    };
    return { ...identity, setUser, forget: calls.reset };
  };

  it('has a guest token of 128 bits that lasts', async () => {
    const { guest, openIdentity } = await start();
    const token = guest();
    expect(token).toMatch(/^[0-9a-f]{32}$/);
    openIdentity();
    expect(guest()).toBe(token);
  });

  it.each(['null', 'undefined', ' ', '', null, undefined, 'anonymous', 'N/A', '0', 0, '[object Object]', '(not set)', '00000000-0000-0000-0000-000000000000', 'Guest', true])(
    'takes %j for no user',
    async (id) => {
      const { setUser, user } = await start();
      expect(setUser(id)).toBe(false);
      expect(user()).toBe('');
    },
  );

  it('takes real ids, and a second user for a new guest', async () => {
    const { setUser, user, guest } = await start();
    const token = guest();
    expect(setUser(17)).toBe(true);
    expect(user()).toBe('17');
    expect(guest()).toBe(token);
    expect(setUser('17')).toBe(false);
    expect(setUser('18')).toBe(true);
    expect(guest()).not.toBe(token);
  });

  it('keeps the guest at logout where the shop says so', async () => {
    const { setUser, forget, user, guest } = await start({ 'keep-guest': '' });
    const token = guest();
    setUser('a');
    forget();
    expect(user()).toBe('');
    expect(guest()).toBe(token);
  });
});

describe('who the page says is logged in', () => {
  const start = async () => {
    page();
    const { session } = await import('../src/core/identity');
    const { read, write } = await import('../src/core/env');
    const { attr } = await import('../src/core/element');
    const calls: unknown[][] = [];
    const api = (...call: unknown[]) => calls.push(call);
    vi.stubGlobal('footfall', Object.assign(api, { $: { attr_: attr, read_: read, write_: write } }));
    session();
    const { readPerson } = await import('../src/watch/lines');
    /** What a page with this customer and signature calls. */
    const open = (id: string, signature?: string): unknown[] => {
      document.body.innerHTML = `<p data-customer-id="${id}"${signature ? ` data-customer-signature="${signature}"` : ''}>`;
      calls.length = 0;
      readPerson();
      return calls.flat();
    };
    return { open, session };
  };

  it('is proven by the signature, once a session', async () => {
    const { open, session } = await start();
    const proven = ['identify', '17', { userSignature: '5d3a' }];
    expect(open('17', '5d3a')).toEqual(proven);
    expect(open('17', '5d3a')[2]).toBeFalsy();
    expect(open('18', '77ff')).toEqual(['identify', '18', { userSignature: '77ff' }]);
    expect(open('17', '5d3a')).toEqual(proven);
    vi.advanceTimersByTime(31 * MINUTE);
    session();
    expect(open('17', '5d3a')).toEqual(proven);
    expect(JSON.stringify(localStorage)).not.toContain('5d3a');
  });

  it('is not proven without one', async () => {
    const { open } = await start();
    expect(open('17')[2]).toBeFalsy();
  });
});
