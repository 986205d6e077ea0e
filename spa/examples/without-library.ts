import * as client from 'powerbi-client';

const { service, factories } = client;
const powerbi = new service.Service(factories.hpmFactory, factories.wpmpFactory, factories.routerFactory);

interface Answer {
  configs: client.models.IReportEmbedConfiguration[];
  token: string;
  refreshAfterSeconds: number;
}

/** The same page with only powerbi-client. It lacks the client's checks, limits, splitting and retries. */
export async function embedSales(element: HTMLElement, dataset: string, getAccessToken: () => Promise<string>) {
  const bindings = [{ report: 'sales', dataset }];
  const post = async (path: '/config' | '/token'): Promise<Answer> => {
    const response = await fetch(`https://api.example.com${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${await getAccessToken()}` },
      body: JSON.stringify({ bindings }),
    });
    if (!response.ok) throw new Error(((await response.json()) as { detail: string }).detail);
    return (await response.json()) as Answer;
  };

  const { configs, refreshAfterSeconds } = await post('/config');
  const [config] = configs;
  if (!config) throw new Error('There is no config.');
  // Without the reset, powerbi-client may ignore the load and continue to show the old dataset.
  powerbi.reset(element);
  const report = powerbi.embed(element, config) as client.Report;

  let renewAt = Date.now() + refreshAfterSeconds * 1000;
  // One long timer would be late after the computer slept.
  const timer = setInterval(async () => {
    if (Date.now() < renewAt) return;
    const answer = await post('/token');
    renewAt = Date.now() + answer.refreshAfterSeconds * 1000;
    // Embedding again would reload the report and lose the viewer's page and filters.
    await report.setAccessToken(answer.token);
  }, 30_000);

  return () => {
    clearInterval(timer);
    powerbi.reset(element);
    // powerbi-client leaves the last token here.
    element.removeAttribute('powerbi-access-token');
  };
}
