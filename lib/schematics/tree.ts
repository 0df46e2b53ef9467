/** The parts of the schematics engine's `Tree` that are used here. Declared, because the engine belongs to the Nest CLI. */
export interface SchematicTree {
  read(path: string): Uint8Array | null;
  exists(path: string): boolean;
  create(path: string, content: string): void;
  overwrite(path: string, content: string): void;
  getDir(path: string): { visit(visitor: (path: string) => void): void };
}

/** The parts of the engine's `SchematicContext` that are used here. */
export interface SchematicContext {
  readonly logger: { info(message: string): void; warn(message: string): void };
  addTask(task: { toConfiguration(): { name: string; options: object } }): unknown;
}

/** Ends the schematic without a change. The message says why, and what to do. */
export class CannotWire extends Error {
  override readonly name = 'CannotWire';
}

export function readText(tree: SchematicTree, path: string): string | undefined {
  const bytes = tree.read(path);
  return bytes === null ? undefined : new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
}

/** Writes a file that may exist. */
export function writeText(tree: SchematicTree, path: string, text: string): void {
  if (tree.exists(path)) tree.overwrite(path, text);
  else tree.create(path, text);
}

/** @throws CannotWire if the file is not JSON */
export function readJson<Content extends object>(tree: SchematicTree, path: string): Content | undefined {
  const text = readText(tree, path);
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text.replace(/^\uFEFF/, '')) as Content;
  } catch {
    throw new CannotWire(`${path} is not valid JSON: correct it and run the command again.`);
  }
}
