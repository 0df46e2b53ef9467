/** Database clients in memory, with the methods by which they are recognised. Each answers from a list, and keeps what it runs. */
class Recording {
  readonly statements: string[] = [];
  readonly #answers: unknown[];

  /** @param answers results in order; an `Error` is thrown */
  constructor(answers: readonly unknown[] = []) {
    this.#answers = [...answers];
  }

  protected answer(sql: string): unknown {
    this.statements.push(sql);
    const answer = this.#answers.shift();
    if (answer instanceof Error) throw answer;
    return answer;
  }
}

/** A client of `pg` within a transaction. */
export class RecordingPg extends Recording {
  async query(sql: string): Promise<unknown> {
    return this.answer(sql);
  }

  connect(): void {}

  escapeIdentifier(): void {}

  escapeLiteral(): void {}
}

/** A connection of `mysql2/promise`. */
export class RecordingMysql extends Recording {
  async query(sql: string): Promise<unknown> {
    return this.answer(sql);
  }

  beginTransaction(): void {}

  commit(): void {}
}

/** A `better-sqlite3` database within a transaction. */
export class RecordingSqlite extends Recording {
  readonly inTransaction = true;

  prepare(sql: string): { all(): unknown } {
    return { all: () => this.answer(sql) };
  }

  exec(): void {}
}
