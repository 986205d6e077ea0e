import { faultOf } from './messages.js';

async function ask(target) {
  const response = await fetch('/sim/load', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(target),
  });
  const body = await response.json();
  return response.ok ? { report: body } : { fault: faultOf(body.errorCode, body.message) };
}

/** The rows of the bound dataset that the token opens, or the reason why it does not open them. */
export async function query({ alsoBound, hangs, ...target }) {
  if (hangs) return new Promise(() => {});
  try {
    const answers = await Promise.all([target, ...alsoBound.map((datasetId) => ({ ...target, datasetId }))].map(ask));
    return answers.find((answer) => answer.fault) ?? answers[0];
  } catch (cause) {
    return { fault: faultOf('LoadReportFailed', String(cause)) };
  }
}
