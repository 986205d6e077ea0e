/** The second file: it loads after the first report is on the screen, or when something fails. */
export { sendTimings } from './beacon.js';
export { isExpiry, withDetail } from './powerBiErrors.js';
export { problemFrom } from './problem.js';
export { onRemoval } from './removal.js';
export { Renewals } from './renewals.js';
export { listDatasets, powerBiToken, tryAgain } from './retries.js';
export { sendTogether } from './sharing.js';
export { addTexts } from './texts.js';
export { recordTimings } from './timings.js';
export { TokenHolder } from './tokenHolder.js';
