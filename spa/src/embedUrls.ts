import { isPaginated, checkedEmbedUrl } from './answers.js';

/** The address of each report that was shown, by catalog key. */
export interface EmbedUrls {
  get(report: string | undefined): string | undefined;
  set(report: string | undefined, embedUrl: string): void;
  clear(): void;
}

/** With `isKept`, the addresses are also in the tab's `sessionStorage`. They contain no secrets. */
export function embedUrls(apiUrl: string, isKept: boolean | undefined): EmbedUrls {
  const key = `dynabind ${apiUrl}`;
  const urls = new Map<string | undefined, string>();
  // The storage can be forbidden, and it can have any content.
  const withStorage = (step: (storage: Storage) => void) => {
    try {
      if (isKept) step(sessionStorage);
    } catch {
      // Without the storage, this page load learns the addresses again.
    }
  };
  withStorage((storage) => {
    for (const [report, url] of Object.entries(JSON.parse(storage.getItem(key) ?? '{}') as object)) urls.set(report, url as string);
  });
  return {
    get(report) {
      const url = urls.get(report);
      return url && checkedEmbedUrl(url) && !isPaginated(url) ? url : undefined;
    },
    set(report, embedUrl) {
      if (!report || urls.get(report) === embedUrl) return;
      urls.set(report, embedUrl);
      withStorage((storage) => storage.setItem(key, JSON.stringify(Object.fromEntries(urls))));
    },
    clear() {
      urls.clear();
      withStorage((storage) => storage.removeItem(key));
    },
  };
}
