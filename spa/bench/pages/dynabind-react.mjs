import { createDynabind } from '@dynabind/client';
import { DynabindReport } from '@dynabind/react';
import { createElement, useState } from 'react';
import { createRoot } from 'react-dom/client';
import { binding, getAccessToken, onClick } from './service.mjs';

const dynabind = createDynabind({ apiUrl: location.origin, getAccessToken, rememberEmbedUrls: true, ...window.dynabindOptions });

function Page() {
  const [shown, setShown] = useState();
  onClick((rendered) => setShown({ onHandle: (handle) => handle.on('rendered', rendered) }));
  return shown && createElement(DynabindReport, { dynabind, ...binding, ...shown });
}

createRoot(document.getElementById('app')).render(createElement(Page));
