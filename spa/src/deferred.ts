import type { DynabindError } from './errors.js';

export interface Deferred {
  readonly promise: Promise<void>;
  resolve(): void;
  reject(error: DynabindError): void;
}

/** A promise that is settled from outside. It may be ignored, because each failure is also an `error` event. */
export function deferred(): Deferred {
  const settle = {} as Deferred;
  const promise = new Promise<void>((resolve, reject) => Object.assign(settle, { resolve, reject }));
  return Object.assign(settle, { promise: quiet(promise) });
}

/** Makes a promise that may be ignored, because its failure is reported elsewhere. */
export function quiet<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined);
  return promise;
}
