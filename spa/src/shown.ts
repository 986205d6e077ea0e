/** What is needed to show a report: a second file, which loads together with powerbi-client. */
export { checkedConfigs } from './answers.js';
export { EmbedSession } from './embedSession.js';
export { findPowerBi } from './powerbi.js';
export { Renewals } from './renewals.js';
