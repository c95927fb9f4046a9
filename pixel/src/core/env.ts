/** The page we run in: our script tag with its options, and what the browser keeps for us. */
import type { FootfallWindow } from '../types';

export const W = window as unknown as FootfallWindow;
export const D = document;
export const L = location;

export const script = (D.currentScript || D.querySelector('[data-write-key]')) as HTMLScriptElement;

/** An option of the script tag: `option('writeKey')` is its `data-write-key`. */
export const option = (name: string): string | undefined => script.dataset[name];

/** No cookie and no storage at all: the collector makes a new visitor id each day. */
export const cookieless = option('cookieless') != null;

export const now = Date.now;

/** Listens before the page's own listeners do, so that none of them can hide an event from us. */
export const on = (target: EventTarget, types: string, listener: (e: Event) => unknown): void =>
  types.split(' ').forEach((type) => target.addEventListener(type, listener, true));

/** 128 random bits as 32 hex digits: every id we make (a uuid without its dashes; `crypto.randomUUID` is missing on plain http). */
export const hex = (): string => [...crypto.getRandomValues(new Uint16Array(8))].map((n) => n.toString(16).padStart(4, '0')).join('');

/** Calls all that wait in a list, and empties it. One that fails (what a shop said may be no JSON) stops none of the others,
 * nor the page's own code that called us. */
export const run = (list: Array<() => void>): void =>
  list.splice(0).forEach((f) => {
    try {
      f();
    } catch (e) {
      console.warn(e);
    }
  });

/** No cookie can be asked for: in a frame without an origin (`sandbox`) that alone is an error. */
export let shut = cookieless;
let store: Record<string, string> = {};
try {
  // (an app's web view may have none)
  if (!shut) store = localStorage || store;
} catch {
  // shut by the browser: this page's memory has to do
  shut = true;
}
/** What did not fit into the browser's storage: this page's memory has to do for it. */
const memory: Record<string, string> = {};

/** The names under which we stored something, that start so. */
export const keys = (start = ''): string[] =>
  [...Object.keys(store), ...Object.keys(memory)].flatMap((key) => (key.startsWith('ff_' + start) ? key.slice(3) : []));

export const read = (key: string): string => memory['ff_' + key] || store['ff_' + key] || '';

/** Stores a text; an empty one removes the key. Nobody calls this before consent stands. */
export const write = (key: string, value?: unknown): void => {
  key = 'ff_' + key;
  delete memory[key];
  if (!value) return void delete store[key];
  try {
    store[key] = value as string;
  } catch {
    memory[key] = value as string;
  }
};
