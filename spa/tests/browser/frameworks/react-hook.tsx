import { StrictMode, useState } from 'react';
import { createRoot } from 'react-dom/client';
import { SalesWithHook } from '../../../examples/react/SalesWithHook.js';
import { client } from './client.js';

const dynabind = client();

function Page() {
  const [dataset, setDataset] = useState('contoso-sales');
  return (
    <>
      <select aria-label="Data" value={dataset} onChange={(event) => setDataset(event.target.value)}>
        {['contoso-sales', 'contoso-plan', 'fabrikam-sales'].map((key) => (
          <option key={key}>{key}</option>
        ))}
      </select>
      <SalesWithHook dynabind={dynabind} dataset={dataset} />
    </>
  );
}

createRoot(document.getElementById('app') as HTMLElement).render(
  <StrictMode>
    <Page />
  </StrictMode>,
);
