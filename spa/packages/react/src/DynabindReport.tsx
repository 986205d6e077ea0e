import { useEffect, type CSSProperties, type ReactNode } from 'react';
import type { Dynabind, DynabindError, Handle } from '@dynabind/client';
import { useDynabind, type ReportOptions } from './useDynabind.js';

export interface DynabindReportProps extends ReportOptions {
  /** The client. Create it once, outside of components. */
  dynabind: Dynabind;
  className?: string;
  style?: CSSProperties;
  /** Shown over the report while it loads. */
  loading?: ReactNode;
  /** Shown instead of a report that cannot be shown. Default: message, remedy and a button to try again. */
  renderError?: (error: DynabindError, retry: () => void) => ReactNode;
  /** Called with the client's own object whenever a report is embedded. */
  onHandle?: (handle: Handle) => void;
}

const FILL: CSSProperties = { height: '100%' };
const FRAME: CSSProperties = { ...FILL, position: 'relative' };
const OVER: CSSProperties = { position: 'absolute', inset: 0 };

/** A report with its loading and error states. The outer element needs a height: from `className`, `style` or its parent. */
export function DynabindReport(props: DynabindReportProps): ReactNode {
  const { dynabind, className, style, loading, renderError = defaultError, onHandle, ...options } = props;
  const { ref, state, error, handle, retry } = useDynabind(dynabind, options);
  useEffect(() => {
    if (handle) onHandle?.(handle);
  }, [handle]);
  return (
    <div className={className} style={{ ...FRAME, ...style }} aria-busy={state === 'loading'}>
      {error && renderError(error, retry)}
      <div ref={ref} style={FILL} hidden={error !== undefined} />
      {!error && state === 'loading' && loading && <div style={OVER}>{loading}</div>}
    </div>
  );
}

function defaultError({ message, remedy }: DynabindError, retry: () => void): ReactNode {
  return (
    <div role="alert">
      <p>
        {message} {remedy}
      </p>
      <button type="button" onClick={retry}>
        Try again
      </button>
    </div>
  );
}
