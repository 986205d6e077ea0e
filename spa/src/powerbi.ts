import type { service } from 'powerbi-client';
import { DynabindError } from './errors.js';

/** What the library uses of powerbi-client's service: a page's own instance, or the one that the package makes. */
export type PowerBiService = Pick<service.Service, 'embed' | 'createReport' | 'reset' | 'accessToken'>;

const isService = (value: unknown): value is PowerBiService =>
  typeof (value as Partial<PowerBiService> | undefined)?.embed === 'function';

/** A page must have one service only: each listens to every message. So one that is there already is used. */
export async function findPowerBi(given: PowerBiService | undefined): Promise<PowerBiService> {
  if (given) return given;
  if (isService(window.powerbi)) return window.powerbi;
  try {
    await import('powerbi-client');
  } catch (cause) {
    throw new DynabindError('client-missing', { cause });
  }
  if (isService(window.powerbi)) return window.powerbi;
  throw new DynabindError('client-missing');
}
