import { createDynabind } from '@dynabind/client';

interface Page {
  /** The element has a height, set by CSS. */
  report: HTMLElement;
  message: HTMLElement;
  datasets: HTMLSelectElement;
}

/** Shows one report, with a choice of its data. `getAccessToken` comes from your sign-in library. */
export async function showSales(page: Page, apiUrl: string, getAccessToken: () => Promise<string>): Promise<() => void> {
  const dynabind = createDynabind({ apiUrl, getAccessToken });
  const { datasets } = await dynabind.datasets('sales');
  const usable = datasets.filter(({ bindable }) => bindable);
  page.datasets.replaceChildren(...usable.map(({ dataset, name }) => new Option(name, dataset)));

  const handle = dynabind.embed(page.report, { report: 'sales', dataset: page.datasets.value });
  const showMessage = () => {
    page.message.textContent = handle.error ? `${handle.error.message} ${handle.error.remedy}` : handle.state;
  };
  handle.on('statechange', showMessage);
  handle.on('error', showMessage);
  page.datasets.addEventListener('change', () => void handle.switchDataset(page.datasets.value));

  return () => dynabind.signOut();
}
