import { DynabindError, useGenericText } from './errors.js';

export type Later = typeof import('./later.js');

let loaded: Later | undefined;

/** The second file: what a page needs after its first report is on the screen, or when something fails. */
export async function later(): Promise<Later> {
  try {
    loaded ??= await import('./later.js');
    loaded.addTexts();
    return loaded;
  } catch (cause) {
    useGenericText();
    throw new DynabindError('client-missing', { cause });
  }
}

/** Calls back at once where the second file has loaded. Where it cannot be loaded, calls back without it. */
export function withLater(callback: (all: Later | undefined) => void): void {
  if (loaded) callback(loaded);
  else void later().then(callback, () => callback(undefined));
}

export const hasLater = (): boolean => loaded !== undefined;
