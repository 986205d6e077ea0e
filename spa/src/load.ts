import { DynabindError, useGenericText } from './errors.js';

export type Later = typeof import('./later.js');

let loaded: Later | undefined;
let loading: Promise<Later> | undefined;

/** The second file: the code that a page needs after its first report is on the screen, or when something fails. */
export function later(): Promise<Later> {
  return (loading ??= import('./later.js').then(
    (all) => {
      all.addTexts();
      return (loaded = all);
    },
    (cause: unknown) => {
      loading = undefined;
      useGenericText();
      throw new DynabindError('client-missing', { cause });
    },
  ));
}

/** Calls back when the second file has loaded: at once if it is loaded already, and without it if it cannot be loaded. */
export function withLater(callback: (all: Later | undefined) => void): void {
  if (loaded) callback(loaded);
  else void later().then(callback, () => callback(undefined));
}

export const hasLater = (): boolean => !!loaded;
