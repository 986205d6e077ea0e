import { useEffect, useRef, useState, type RefObject } from 'react';
import type { Dynabind, DynabindError, Handle, HandleState, Mode } from '@dynabind/client';

interface Embedded {
  ref: RefObject<HTMLDivElement | null>;
  state: HandleState;
  error: DynabindError | undefined;
}

/** `const { ref, error } = useDynabind(dynabind, 'sales', dataset)`, then `<div ref={ref} />`. */
export function useDynabind(dynabind: Dynabind, report: string, dataset: string, mode: Mode = 'view'): Embedded {
  const ref = useRef<HTMLDivElement>(null);
  const handle = useRef<Handle>(undefined);
  const [state, setState] = useState<HandleState>('loading');
  const [error, setError] = useState<DynabindError>();

  useEffect(() => {
    if (!ref.current) return;
    const own = dynabind.embed(ref.current, { report, dataset, mode });
    handle.current = own;
    setError(undefined);
    const update = () => setState(own.state);
    own.on('loaded', update);
    own.on('rendered', update);
    own.on('error', (problem) => [update(), setError(problem)]);
    return () => own.dispose();
    // Another dataset is a switch (below) and no new embed.
  }, [dynabind, report, mode]);

  useEffect(() => {
    if (!handle.current || handle.current.binding.dataset === dataset) return;
    setState('loading');
    setError(undefined);
    void handle.current.switchDataset(dataset);
  }, [dataset]);

  return { ref, state, error };
}
