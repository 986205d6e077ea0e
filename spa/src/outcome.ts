import type { DynabindError } from './errors.js';

export interface Outcome {
  readonly promise: Promise<void>;
  resolve(): void;
  reject(error: DynabindError): void;
}

/** A promise that may go unheard: each failure is an `error` event as well. */
export function outcome(): Outcome {
  const settle = {} as Outcome;
  const promise = new Promise<void>((resolve, reject) => Object.assign(settle, { resolve, reject }));
  return Object.assign(settle, { promise: quiet(promise) });
}

/** A promise that may go unheard, because the failure is reported elsewhere. */
export function quiet<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined);
  return promise;
}
