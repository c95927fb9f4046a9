/** A page with our tag, before the modules under test are loaded: they read the tag when they start. */
import { vi } from 'vitest';

export const page = (attributes: Record<string, string> = {}): void => {
  vi.resetModules();
  // happy-dom's own cannot delete what is not there
  vi.stubGlobal('localStorage', {});
  document.head.innerHTML = '';
  document.body.innerHTML = '';
  const tag = document.createElement('script');
  tag.type = 'text/plain';
  tag.setAttribute('src', 'https://collector.example/footfall.js');
  tag.setAttribute('data-write-key', 'wk');
  for (const name in attributes) tag.setAttribute('data-' + name, attributes[name]!);
  document.head.append(tag);
};
