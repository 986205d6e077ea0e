import { PowerBIEmbed } from 'powerbi-client-react';
import { createElement, useState } from 'react';
import { createRoot } from 'react-dom/client';
import { fetchConfig, onClick } from './service.mjs';

/** The page follows the wrapper's documentation: the config is state, and the component embeds it. */
function Page() {
  const [shown, setShown] = useState();
  onClick(async (rendered) => setShown({ embedConfig: await fetchConfig(), eventHandlers: new Map([['rendered', rendered]]) }));
  return shown && createElement(PowerBIEmbed, { cssClassName: 'report', ...shown });
}

createRoot(document.getElementById('app')).render(createElement(Page));
