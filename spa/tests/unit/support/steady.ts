import { beforeEach, vi } from 'vitest';

/** Pages spread their renewals by chance; here each takes the first moment. No element has a height here. */
beforeEach(() => {
  vi.spyOn(Math, 'random').mockReturnValue(0);
  vi.spyOn(console, 'warn').mockReturnValue(undefined);
});
