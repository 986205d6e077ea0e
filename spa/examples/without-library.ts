import * as client from 'powerbi-client';

const { service, factories } = client;
const powerbi = new service.Service(factories.hpmFactory, factories.wpmpFactory, factories.routerFactory);

interface Answer {
  configs: client.models.IReportEmbedConfiguration[];
  token: string;
  refreshAfter: string;
}

/** The same with powerbi-client alone: what the library does for you is to be done here. */
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

  let { configs, refreshAfter } = await post('/config');
  const [config] = configs;
  if (!config) throw new Error('There is no config.');
  // Without the reset, powerbi-client may drop the load and go on showing the old dataset.
  powerbi.reset(element);
  const report = powerbi.embed(element, config) as client.Report;

  // A timer alone is late after the computer slept, so the time is looked at again and again.
  const timer = setInterval(async () => {
    if (Date.now() < Date.parse(refreshAfter)) return;
    const answer = await post('/token');
    refreshAfter = answer.refreshAfter;
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
