import { init, recommend, track } from '@footfall/pixel';
import { StrictMode } from 'react';
import { renderToString } from 'react-dom/server';
import { App } from './App';

// on a server all of it does nothing
init({ collector: 'https://events.example', writeKey: 'wk' });
track('Page Left', { engaged_ms: 1 });
void recommend();

export const render = (): string =>
  renderToString(
    <StrictMode>
      <App />
    </StrictMode>,
  );
