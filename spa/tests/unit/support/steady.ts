import { beforeEach, vi } from 'vitest';
// Loads the second file of the client in advance, because tests move their time manually, and an import needs real time.
import '../../../src/later.js';

/** Pages choose a random time for renewals. In the tests, they use the earliest one. Elements have no height in the tests. */
beforeEach(() => {
  vi.spyOn(Math, 'random').mockReturnValue(0);
  vi.spyOn(console, 'warn').mockReturnValue(undefined);
});
