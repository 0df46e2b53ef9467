/** A store that the durable inbox runs on here. */
export interface TestStore {
  readonly name: 'PostgreSQL' | 'Redis';
  readonly url: string;
}

if (process.env['TEST_POSTGRES_URL'] === undefined) {
  throw new Error('No PostgreSQL was looked for: a test that needs one is named in test/servers.js.');
}

const found: { readonly name: TestStore['name']; readonly url: string | undefined }[] = [
  { name: 'PostgreSQL', url: process.env['TEST_POSTGRES_URL'] },
  { name: 'Redis', url: process.env['TEST_REDIS_URL'] },
];

/** The stores that `global-setup.js` found: PostgreSQL always, Redis where there is one. */
export const STORES: readonly TestStore[] = found.filter((store): store is TestStore => store.url !== undefined);
