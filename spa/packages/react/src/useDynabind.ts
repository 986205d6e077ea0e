import { useCallback, useEffect, useRef, useState } from 'react';
import type { Dynabind, DynabindError, EmbedOptions, Handle, HandleState } from '@dynabind/client';

export type ReportOptions = EmbedOptions;

export interface EmbeddedReport {
  /** For the element of the report, which has to have a height: `<div ref={ref} className="report" />`. */
  ref: (element: HTMLElement | null) => void;
  state: HandleState;
  /** Why nothing usable is on the screen. */
  error: DynabindError | undefined;
  /** A failure that the report has survived, such as a renewal that will be tried again. */
  warning: DynabindError | undefined;
  /** The client's own object, for events, pages and filters. */
  handle: Handle | undefined;
  /** Tries again after an error. */
  retry: () => void;
}

interface Seen {
  /** What it was seen of: another report has nothing to do with it. */
  key: string;
  state: HandleState;
  problem: DynabindError | undefined;
  handle: Handle | undefined;
}

const NOTHING: Seen = { key: '', state: 'loading', problem: undefined, handle: undefined };

/**
 * Embeds a report in the element that gets `ref`. Another dataset is a switch; another report, mode or title embeds
 * anew, as does another element. `config` is read when embedding.
 */
export function useDynabind(dynabind: Dynabind, options: ReportOptions): EmbeddedReport {
  const { report, dataset, mode = 'view', title } = options;
  const key = JSON.stringify([report, dataset, mode]);
  const [element, setElement] = useState<HTMLElement | null>(null);
  const [attempt, setAttempt] = useState(0);
  const [seen, setSeen] = useState(NOTHING);
  const latest = useRef(options);
  const keyOf = useRef(key);
  const handle = useRef<Handle | undefined>(undefined);
  latest.current = options;
  keyOf.current = key;

  useEffect(() => {
    if (!element) return;
    let own: Handle;
    try {
      own = dynabind.embed(element, latest.current);
    } catch (cause) {
      // A client that was disposed.
      return setSeen({ key: keyOf.current, state: 'error', problem: cause as DynabindError, handle: undefined });
    }
    handle.current = own;
    const update = () => setSeen({ key: keyOf.current, state: own.state, problem: own.error, handle: own });
    const stops = (['statechange', 'error', 'tokenRefreshed'] as const).map((event) => own.on(event, update));
    update();
    return () => {
      // The error stays in view, or a page that takes the element away on errors would embed again at once.
      for (const stop of stops) stop();
      own.dispose();
    };
    // Another dataset is a switch (below).
  }, [dynabind, element, report, mode, title, attempt]);

  useEffect(() => {
    const own = handle.current;
    if (!own || dataset === undefined || own.binding.dataset === dataset) return;
    if (own.state === 'disposed') setAttempt((last) => last + 1);
    else void own.switchDataset(dataset);
  }, [dataset]);

  const retry = useCallback(() => {
    setSeen(NOTHING);
    setAttempt((last) => last + 1);
  }, []);
  const { state, problem, handle: shown } = seen.key === key ? seen : NOTHING;
  const isFatal = problem !== undefined && problem.fatal !== false;
  return {
    ref: setElement,
    state,
    error: isFatal ? problem : undefined,
    warning: isFatal ? undefined : problem,
    handle: shown,
    retry,
  };
}
