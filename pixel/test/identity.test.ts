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
    identity.openIdentity();
    return identity;
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
