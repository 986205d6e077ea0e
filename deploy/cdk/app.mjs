// cdk deploy --app 'node app.mjs' -c archive=../../dynabind-arm64
import { App } from 'aws-cdk-lib';

import { DynabindStack } from './stack.mjs';

const app = new App();
new DynabindStack(app, 'dynabind', {
  archive: app.node.tryGetContext('archive') ?? process.env.DYNABIND_ARCHIVE,
  parameters: {
    Issuer: 'https://issuer.example.com/',
    Audience: 'api://dynabind',
    AllowedOrigins: 'https://app.example.com',
  },
});
app.synth();
