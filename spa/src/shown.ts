/** What is needed once a report is to be shown: a second file, which loads beside powerbi-client and `/config`. */
export { checkedConfigs } from './answers.js';
export { findPowerBi } from './powerbi.js';
export { Renewals } from './renewals.js';
export { pastLoadWindow, ReportFrame } from './reportFrame.js';
