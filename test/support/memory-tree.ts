import type { SchematicContext, SchematicTree } from '../../lib/schematics/tree.js';

/** The schematics engine's `Tree`, in memory, with its rules: `create` needs a new file, `overwrite` an old one. */
export class MemoryTree implements SchematicTree {
  readonly #files: Map<string, string>;

  constructor(files: Readonly<Record<string, string>>) {
    this.#files = new Map(Object.entries(files));
  }

  get files(): Record<string, string> {
    return Object.fromEntries(this.#files);
  }

  read(path: string): Uint8Array | null {
    const text = this.#files.get(path.replace(/^\//, ''));
    return text === undefined ? null : Buffer.from(text);
  }

  exists(path: string): boolean {
    return this.read(path) !== null;
  }

  create(path: string, content: string): void {
    if (this.exists(path)) throw new Error(`${path} already exists`);
    this.#files.set(path, content);
  }

  overwrite(path: string, content: string): void {
    if (!this.exists(path)) throw new Error(`${path} does not exist`);
    this.#files.set(path, content);
  }

  getDir(folder: string) {
    return {
      visit: (visitor: (path: string) => void) => {
        for (const path of this.#files.keys()) if (path.startsWith(`${folder}/`)) visitor(`/${path}`);
      },
    };
  }
}

/** Records what a schematic logs and schedules. */
export class RecordingContext implements SchematicContext {
  readonly infos: string[] = [];
  readonly warnings: string[] = [];
  readonly tasks: string[] = [];
  readonly logger = {
    info: (message: string) => void this.infos.push(message),
    warn: (message: string) => void this.warnings.push(message),
  };

  addTask(task: { toConfiguration(): { name: string; options: object } }): void {
    this.tasks.push(task.toConfiguration().name);
  }
}
