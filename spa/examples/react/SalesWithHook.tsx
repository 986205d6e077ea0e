import type { Dynabind } from '@dynabind/client';
import { useDynabind } from '@dynabind/react';

/** The same page with the hook. The element is always rendered, even while a message is shown. */
export function SalesWithHook({ dynabind, dataset }: { dynabind: Dynabind; dataset: string }) {
  const { ref, state, error, warning, retry } = useDynabind(dynabind, { report: 'sales', dataset });
  return (
    <section aria-busy={state === 'loading'}>
      {error && (
        <p role="alert">
          {error.message} {error.remedy} <button onClick={retry}>Try again</button>
        </p>
      )}
      {warning && <p role="status">{warning.message}</p>}
      <div ref={ref} style={{ height: '32rem' }} />
    </section>
  );
}
