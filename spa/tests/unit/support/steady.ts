import { beforeEach, vi } from 'vitest';
// Loads the second file of the client ahead: the time of the tests moves by hand, that of an import does not.
import '../../../src/later.js';

/** Pages spread their renewals by chance; here each takes the first moment. No element has a height here. */
beforeEach(() => {
  vi.spyOn(Math, 'random').mockReturnValue(0);
  vi.spyOn(console, 'warn').mockReturnValue(undefined);
});
