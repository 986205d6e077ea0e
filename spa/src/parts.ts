import { DynabindError } from './errors.js';

export type Parts = typeof import('./shown.js');

export async function parts(): Promise<Parts> {
  try {
    return await import('./shown.js');
  } catch (cause) {
    throw new DynabindError('client-missing', { cause });
  }
}
