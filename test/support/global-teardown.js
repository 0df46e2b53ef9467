/** Stops what `global-setup.js` started. */
export default async function teardown() {
  await globalThis.stopEmbeddedPostgres?.();
}
