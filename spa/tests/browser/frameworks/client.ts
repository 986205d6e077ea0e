import { createDynabind, type Dynabind } from '@dynabind/client';

export const getAccessToken = async (): Promise<string> => (await (await fetch('/dev/token?user=ana@contoso')).text()).trim();

export const client = (): Dynabind => createDynabind({ apiUrl: location.origin, getAccessToken });
