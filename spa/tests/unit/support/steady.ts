import { beforeEach, vi } from 'vitest';

/** Pages spread their renewals by chance; here each takes the first moment. */
beforeEach(() => {
  vi.spyOn(Math, 'random').mockReturnValue(0);
});
