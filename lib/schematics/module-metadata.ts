import type ts from 'typescript';
import type { CodeStyle } from './code-style.js';
import { afterComments, appended, type Edit } from './edits.js';
import type { RootModule } from './root-module.js';
import { CannotWire } from './tree.js';
import type { TypeScript } from './typescript.js';

/** A list of a module's metadata, and the code to append to it. */
export interface Entry {
  readonly list: 'imports' | 'providers';
  readonly code: string;
}

/**
 * Returns the edits that append to the lists of a `@Module`.
 *
 * @throws CannotWire if a list cannot be appended to
 */
export function metadataEdits(
  compiler: TypeScript,
  root: RootModule,
  entries: readonly Entry[],
  style: CodeStyle,
): Edit[] {
  const { source } = root;
  const metadata = metadataOf(compiler, root);
  const missing: string[] = [];
  const edits = entries.flatMap(({ list, code }) => {
    const array = arrayOf(compiler, root, metadata, list);
    if (!array) missing.push(`${list}: [${code}]`);
    return array ? appended(compiler, source, listOf(array, array.elements), [code], style) : [];
  });
  if (missing.length === 0) return edits;
  return [...edits, ...appended(compiler, source, listOf(metadata, metadata.properties), missing, style)];
}

/** Returns the edit that adds import lines after those of the file. */
export function importEdit(
  compiler: TypeScript,
  source: ts.SourceFile,
  lines: readonly string[],
  style: CodeStyle,
): Edit {
  const last = source.statements.findLast(compiler.isImportDeclaration);
  const code = lines.join(style.newline);
  if (!last) return { at: source.getFullStart(), text: `${code}${style.newline}` };
  return { at: afterComments(compiler, source.text, last.getEnd()), text: `${style.newline}${code}` };
}

function metadataOf(compiler: TypeScript, { path, source, declaration }: RootModule): ts.ObjectLiteralExpression {
  const calls = (compiler.getDecorators(declaration) ?? [])
    .map(({ expression }) => expression)
    .filter(compiler.isCallExpression)
    .filter(({ expression }) => expression.getText(source) === 'Module');
  const [call] = calls;
  const name = declaration.name?.text ?? 'the default export';
  if (!call || calls.length > 1) throw new CannotWire(`${path}: ${name} does not have exactly one @Module().`);
  const [metadata] = call.arguments;
  if (!metadata || !compiler.isObjectLiteralExpression(metadata)) {
    throw new CannotWire(`${path}: the argument of @Module is not an object literal.`);
  }
  return metadata;
}

function arrayOf(
  compiler: TypeScript,
  { path, source }: RootModule,
  { properties }: ts.ObjectLiteralExpression,
  list: string,
): ts.ArrayLiteralExpression | undefined {
  const computed = properties.find((one) => one.name && nameOf(compiler, one.name) === undefined);
  if (computed) throw new CannotWire(`${path}: @Module has the key ${computed.name?.getText(source) ?? ''}.`);
  const property = properties.find((one) => one.name && nameOf(compiler, one.name) === list);
  if (!property) {
    const spread = properties.find(compiler.isSpreadAssignment);
    if (!spread) return undefined;
    throw new CannotWire(`${path}: @Module takes ${list} from "${spread.getText(source)}", if at all.`);
  }
  if (compiler.isPropertyAssignment(property) && compiler.isArrayLiteralExpression(property.initializer)) {
    return property.initializer;
  }
  throw new CannotWire(`${path}: ${list} of @Module is not an array literal.`);
}

function nameOf(compiler: TypeScript, name: ts.PropertyName): string | undefined {
  return compiler.isIdentifier(name) || compiler.isStringLiteral(name) ? name.text : undefined;
}

function listOf(node: ts.Node, items: ts.NodeArray<ts.Node>) {
  return { items, closing: node.getEnd() - 1 };
}
