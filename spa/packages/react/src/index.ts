export { DynabindReport, type DynabindReportProps } from './DynabindReport.js';
export { useDynabind, type EmbeddedReport, type ReportOptions } from './useDynabind.js';
