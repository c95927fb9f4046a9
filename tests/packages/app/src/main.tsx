import { guest, init, recommend, track } from '@footfall/pixel';
import '@footfall/react/styles.css';
import { StrictMode } from 'react';
import { hydrateRoot } from 'react-dom/client';
import { App } from './App';

// before the tag is there: it waits
track('Gift Wrapped', { paper: 'stars' });
init({ collector: location.origin, writeKey: 'wk', api: location.origin, apiKey: 'pk' });
init({ collector: location.origin, writeKey: 'wk' });
Object.assign(window, { guest, recommend, track });
hydrateRoot(
  document.getElementById('root')!,
  <StrictMode>
    <App />
  </StrictMode>,
  { onRecoverableError: (error) => console.error('hydration', error) },
);
