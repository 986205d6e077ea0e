/** The requests to the service. Pages without @dynabind/client call `fetchConfig` themselves. */
export const binding = { report: 'sales', dataset: 'contoso-sales' };

export const getAccessToken = async () => window.callerToken;

export async function fetchConfig() {
  const response = await fetch('/config', {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${await getAccessToken()}` },
    body: JSON.stringify({ bindings: [binding] }),
  });
  return (await response.json()).configs[0];
}

/** The page's button: `show` starts the report, and calls its argument when the report is rendered. */
export function onClick(show) {
  window.click = () =>
    new Promise((resolve) => {
      const start = performance.now();
      show(() => resolve(performance.now() - start));
    });
}
