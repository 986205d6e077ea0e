// Synthesises the example without an account, and checks what CDK made of the archive. `DYNABIND_ARCHIVE` names the archive.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { App } from 'aws-cdk-lib';

import { DynabindStack } from './stack.mjs';

const archive = process.env.DYNABIND_ARCHIVE;
assert.ok(archive, 'DYNABIND_ARCHIVE names an unpacked archive');
const app = new App({ outdir: process.env.CDK_OUTDIR });
new DynabindStack(app, 'dynabind', { archive, parameters: { Issuer: 'https://issuer.example.com/', Audience: 'a,b' } });
const assembly = app.synth();
const { Resources, Parameters, Transform } = JSON.parse(readFileSync(join(assembly.directory, 'dynabind.template.json'), 'utf8'));

assert.deepEqual([Transform].flat(), ['AWS::Serverless-2016-10-31']);
assert.equal(Parameters.Audience.Default, 'a,b');
assert.equal(Resources.Secret.DeletionPolicy, 'RetainExceptOnCreate');
const uris = ['TokenFunction', 'ConfigFunction', 'DatasetsFunction'].map((name) => Resources[name].Properties.CodeUri);
uris.push(Resources.CatalogLayer.Properties.ContentUri);
const keys = new Set(uris.map(({ Bucket, Key }) => (assert.ok(Bucket), Key)));
assert.equal(keys.size, 4, 'three functions and the catalog, each with an asset of its own');
console.log(assembly.directory);
