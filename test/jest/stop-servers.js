/** Stops what `find-servers.js` started. */
export default async function teardown() {
  await globalThis.stopEmbeddedPostgres?.();
}
