import { createDynabind, type DynabindError } from '@dynabind/client';

interface Page {
  report: HTMLElement;
  message: HTMLElement;
  datasets: HTMLSelectElement;
}

/** One report, and a choice of whose data it shows. `getAccessToken` is your sign-in library's. */
export async function showSales(page: Page, getAccessToken: () => Promise<string>): Promise<() => void> {
  const dynabind = createDynabind({ apiUrl: 'https://api.example.com', getAccessToken });
  const { datasets } = await dynabind.datasets('sales');
  const usable = datasets.filter(({ bindable }) => bindable);
  page.datasets.replaceChildren(...usable.map(({ dataset, name }) => new Option(name, dataset)));

  const handle = dynabind.embed(page.report, { report: 'sales', dataset: page.datasets.value });
  handle.on('loaded', () => (page.message.textContent = ''));
  handle.on('error', (error: DynabindError) => (page.message.textContent = `${error.message} ${error.remedy}`));
  page.datasets.addEventListener('change', () => void handle.switchDataset(page.datasets.value));

  return () => dynabind.signOut();
}
