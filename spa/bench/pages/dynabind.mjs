import { createDynabind } from '@dynabind/client';
import { binding, getAccessToken, onClick } from './service.mjs';

const dynabind = createDynabind({ apiUrl: location.origin, getAccessToken, rememberEmbedUrls: true, ...window.dynabindOptions });

onClick((rendered) => dynabind.embed(document.getElementById('app'), binding).on('rendered', rendered));
