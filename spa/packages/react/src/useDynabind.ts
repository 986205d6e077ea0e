import { useCallback, useEffect, useRef, useState } from 'react';
import type { Dynabind, DynabindError, EmbedOptions, Handle, HandleState } from '@dynabind/client';

export type ReportOptions = EmbedOptions;

export interface EmbeddedReport {
  /** The ref for the report's element, which must have a height: `<div ref={ref} className="report" />`. */
  ref: (element: HTMLElement | null) => void;
  state: HandleState;
  /** The error because of which no usable report is on the screen. */
  error: DynabindError | undefined;
  /** A failure after which the report is still usable, such as a failed renewal that will be repeated. */
  warning: DynabindError | undefined;
  /** The client's own object, for events, pages and filters. */
  handle: Handle | undefined;
  /** Tries again after an error. */
  retry: () => void;
}

interface Seen {
  /** The report to which this state belongs. It does not apply to another report. */
  key: string;
  state: HandleState;
  problem: DynabindError | undefined;
  handle: Handle | undefined;
}

const NOTHING: Seen = { key: '', state: 'loading', problem: undefined, handle: undefined };

/**
 * Embeds a report in the element that gets `ref`. A change of the dataset switches it. A change of the report, mode, title or
 * element embeds again. `config` is read when embedding.
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
      // The client was disposed.
      return setSeen({ key: keyOf.current, state: 'error', problem: cause as DynabindError, handle: undefined });
    }
    handle.current = own;
    const update = () => setSeen({ key: keyOf.current, state: own.state, problem: own.error, handle: own });
    const stops = (['statechange', 'error', 'tokenRefreshed'] as const).map((event) => own.on(event, update));
    update();
    return () => {
      // The error stays in the state. Otherwise a page that removes the element on errors would embed again at once.
      for (const stop of stops) stop();
      own.dispose();
    };
    // A change of the dataset is a switch (below).
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
