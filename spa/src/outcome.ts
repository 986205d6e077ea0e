import type { DynabindError } from './errors.js';

/** A promise that may go unheard: each failure is an `error` event as well. */
export class Outcome {
  readonly promise: Promise<void>;
  isSettled = false;
  #resolve!: () => void;
  #reject!: (error: DynabindError) => void;

  constructor() {
    this.promise = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.promise.catch(() => undefined);
  }

  resolve(): void {
    this.isSettled = true;
    this.#resolve();
  }

  reject(error: DynabindError): void {
    this.isSettled = true;
    this.#reject(error);
  }
}

/** A promise that may go unheard, because the failure is reported elsewhere. */
export function quiet<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined);
  return promise;
}
