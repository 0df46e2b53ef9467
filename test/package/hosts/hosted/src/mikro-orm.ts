import { Connection, DatabaseDriver, EntitySchema, MikroORM, Platform, type Configuration } from '@mikro-orm/core';

/** What MikroORM asked of its database. */
export const statements: string[] = [];

/** MikroORM itself, on a database that only keeps what it is asked: its decorators and its contexts are the real ones. */
export const orm = MikroORM.initSync({
  driver: recordingDriver() as never,
  dbName: 'recorded',
  entities: [new EntitySchema({ name: 'Row', properties: { id: { type: 'number', primary: true } } })],
  connect: false,
});

function recordingDriver(): unknown {
  class RecordingConnection extends (Connection as unknown as new (...given: unknown[]) => object) {
    getDefaultClientUrl() {
      return 'recorded://127.0.0.1';
    }

    async transactional<T>(work: (context: object) => Promise<T>): Promise<T> {
      await this.begin();
      const result = await work({});
      await this.commit();
      return result;
    }

    async begin() {
      statements.push('begin');
      return {};
    }

    async commit() {
      statements.push('commit');
    }

    async rollback() {
      statements.push('rollback');
    }

    async close() {}
  }

  return class extends (DatabaseDriver as unknown as new (...given: unknown[]) => object) {
    readonly platform = new (Platform as unknown as new () => Platform)();
    readonly connection: object;

    constructor(config: Configuration) {
      super(config, []);
      this.connection = new RecordingConnection(config, {}, 'write');
    }
  };
}
