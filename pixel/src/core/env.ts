/** The page we run in: our script tag with its options, and storage that is closed until consent opens it. */
import type { FootfallWindow } from './types';

export const W = window as unknown as FootfallWindow;
export const D = document;
export const L = location;

export const script = (D.currentScript || D.querySelector('script[data-write-key]')) as HTMLScriptElement | null;

/** An option of the script tag: `option('writeKey')` is its `data-write-key`. */
export const option = (name: string): string | undefined => script?.dataset[name];

const base = script?.src || L.href;
export const here = (file: string): string => new URL(file, base).href;
export const collector = (option('collector') || new URL(base).origin).replace(/\/$/, '');

export const now = (): number => Date.now();

/** 128 random bits as 32 hex digits. */
export const hex = (): string =>
  Array.from(crypto.getRandomValues(new Uint8Array(16)), (b) => (b + 256).toString(16).slice(1)).join('');

/** A version 4 uuid; `crypto.randomUUID` is missing on plain http. */
export const uuid = (): string => hex().replace(/(.{8})(.{4}).(.{3}).(.{3})(.*)/, '$1-$2-4$3-a$4-$5');

const PREFIX = 'ff_';
let open = false;
let memory: Record<string, string> = {};

/** Storage answers from memory alone until this is called with true; with false everything of ours is erased. */
export const openStorage = (yes: boolean): void => {
  open = yes;
  if (!yes) {
    memory = {};
    try {
      keys('').forEach((key) => localStorage.removeItem(PREFIX + key));
    } catch {
      // no storage here: nothing of ours to erase
    }
  }
};

/** The names under which we stored something, that start so. */
export const keys = (start: string): string[] => {
  try {
    return Object.keys(localStorage)
      .filter((key) => key.startsWith(PREFIX + start))
      .map((key) => key.slice(PREFIX.length));
  } catch {
    return [];
  }
};

export const read = (key: string): string => {
  try {
    return localStorage.getItem(PREFIX + key) || memory[key] || '';
  } catch {
    return memory[key] || '';
  }
};

/** Store a text; an empty one removes the key. Falls back to the page's memory (private mode, blocked, full). */
export const write = (key: string, value: string): void => {
  delete memory[key];
  try {
    if (!value) localStorage.removeItem(PREFIX + key);
    else if (open) localStorage.setItem(PREFIX + key, value);
    else memory[key] = value;
  } catch {
    memory[key] = value;
  }
};

export const parse = <T>(text: string | null | undefined): T | undefined => {
  try {
    return JSON.parse(text || '') as T;
  } catch {
    return undefined;
  }
};
