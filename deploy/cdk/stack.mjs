// The release archive of Dynabind in a CDK stack: its template, with the functions and the catalog as assets.
import { join } from 'node:path';

import { Stack } from 'aws-cdk-lib';
import { Asset } from 'aws-cdk-lib/aws-s3-assets';
import { CfnInclude } from 'aws-cdk-lib/cloudformation-include';

const FUNCTIONS = { TokenFunction: 'token', ConfigFunction: 'config', DatasetsFunction: 'datasets' };

export class DynabindStack extends Stack {
  /** `archive`: folder of an unpacked archive; `parameters`: of its template, by name. */
  constructor(scope, id, { archive, parameters, ...props }) {
    super(scope, id, props);
    const include = new CfnInclude(this, 'Template', { templateFile: join(archive, 'template.yaml') });
    for (const [name, value] of Object.entries(parameters)) include.getParameter(name).default = value;
    for (const [resource, name] of Object.entries(FUNCTIONS)) {
      const code = new Asset(this, `${resource}Code`, { path: join(archive, 'functions', name) });
      include.getResource(resource).codeUri = { bucket: code.s3BucketName, key: code.s3ObjectKey };
    }
    const catalog = new Asset(this, 'Catalog', { path: join(archive, 'catalog') });
    include.getResource('CatalogLayer').contentUri = { bucket: catalog.s3BucketName, key: catalog.s3ObjectKey };
  }
}
