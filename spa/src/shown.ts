/** What is needed once a report is to be shown: a second file, which loads beside powerbi-client and `/config`. */
export { checkedConfigs } from './answers.js';
export { EmbedSession } from './embedSession.js';
export { findPowerBi } from './powerbi.js';
export { Renewals } from './renewals.js';
