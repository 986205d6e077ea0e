import { useState } from 'react';
import type { Dynabind } from '@dynabind/client';
import { DynabindReport } from '@dynabind/react';

/** The sales report, with a choice of its data. */
export function Sales({ dynabind }: { dynabind: Dynabind }) {
  const [dataset, setDataset] = useState('contoso-sales');
  return (
    <section>
      <select aria-label="Data" value={dataset} onChange={(event) => setDataset(event.target.value)}>
        <option value="contoso-sales">Sales</option>
        <option value="contoso-plan">Plan</option>
      </select>
      <DynabindReport
        dynabind={dynabind}
        report="sales"
        dataset={dataset}
        style={{ height: '32rem' }}
        loading={<p role="status">Loading…</p>}
      />
    </section>
  );
}
