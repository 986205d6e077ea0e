import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { Sales } from '../../../examples/react/Sales.js';
import { client } from './client.js';

const dynabind = client();
createRoot(document.getElementById('app') as HTMLElement).render(
  <StrictMode>
    <Sales dynabind={dynabind} />
  </StrictMode>,
);
