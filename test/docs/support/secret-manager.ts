/** Google's Secret Manager as documented: a new version can be read immediately by number, and later as `latest`. */
export interface FakeSecretManager {
  /** The names of its secrets. */
  readonly names: string[];
  /** Makes the newest version the latest. */
  catchUp(): void;
}

export function secretManager(): FakeSecretManager {
  const secrets = new Map<string, { readonly versions: Buffer[]; latest: number }>();
  const failure = (code: number) => Promise.reject(Object.assign(new Error(`code ${code}`), { code }));
  const client = {
    get names() {
      return [...secrets.keys()].map((name) => name.split('/').at(-1)!);
    },
    catchUp() {
      for (const secret of secrets.values()) secret.latest = secret.versions.length;
    },
    createSecret({ parent, secretId }: { parent: string; secretId: string }) {
      const name = `${parent}/secrets/${secretId}`;
      if (secrets.has(name)) return failure(6);
      secrets.set(name, { versions: [], latest: 0 });
      return Promise.resolve();
    },
    addSecretVersion({ parent, payload }: { parent: string; payload: { data: Buffer } }) {
      const secret = secrets.get(parent);
      if (!secret) return failure(5);
      return Promise.resolve([{ name: `${parent}/versions/${secret.versions.push(payload.data)}` }]);
    },
    accessSecretVersion({ name }: { name: string }) {
      const [parent, version] = name.split('/versions/') as [string, string];
      const secret = secrets.get(parent);
      const number = version === 'latest' ? (secret?.latest ?? 0) : Number(version);
      const data = secret?.versions[number - 1];
      if (!data) return failure(5);
      return Promise.resolve([{ name: `${parent}/versions/${number}`, payload: { data } }]);
    },
  };
  return client;
}
