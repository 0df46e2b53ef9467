import { readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import ts from 'typescript';

const LIB = 'lib';

/** An import of one file of lib by another, each named by its path below lib. */
export interface Import {
  readonly from: string;
  readonly to: string;
  /** True if the import has no effect at run time. */
  readonly typeOnly: boolean;
}

/** Every source file of lib, by its path below lib. */
export function libFiles(): string[] {
  return readdirSync(LIB, { recursive: true, encoding: 'utf8' })
    .map((file) => file.replaceAll('\\', '/'))
    .filter((file) => file.endsWith('.ts'));
}

export function sourceOf(file: string): ts.SourceFile {
  return ts.createSourceFile(file, readFileSync(join(LIB, file), 'utf8'), ts.ScriptTarget.Latest, true);
}

/** Returns the imports of a file within lib: `import`, `export … from`, `import(…)` and `import('…').Type`. */
export function importsOf(from: string): Import[] {
  return nodesOf(sourceOf(from)).flatMap((node) => {
    const specifier = specifierOf(node);
    if (!specifier?.startsWith('.')) return [];
    const to = posix.join(posix.dirname(from), specifier).replace(/\.js$/, '.ts');
    return [{ from, to, typeOnly: isTypeOnly(node) }];
  });
}

/** Returns true if a file reads `process.env` in any form. */
export function readsProcessEnv(source: ts.SourceFile): boolean {
  return nodesOf(source).some((node) => {
    if (ts.isPropertyAccessExpression(node)) return node.name.text === 'env' && isProcess(node.expression);
    if (ts.isElementAccessExpression(node)) return isProcess(node.expression);
    if (ts.isVariableDeclaration(node)) return node.initializer !== undefined && isProcess(node.initializer);
    return /^(node:)?process$/.test(specifierOf(node) ?? '');
  });
}

function isProcess(node: ts.Node): boolean {
  return /(^|\.)process$/.test(node.getText());
}

function specifierOf(node: ts.Node): string | undefined {
  if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) return textOf(node.moduleSpecifier);
  if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) return textOf(node.argument.literal);
  if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
    return textOf(node.arguments[0]);
  }
  return undefined;
}

function textOf(node: ts.Node | undefined): string | undefined {
  return node && ts.isStringLiteralLike(node) ? node.text : undefined;
}

function isTypeOnly(node: ts.Node): boolean {
  if (ts.isImportTypeNode(node)) return true;
  if (ts.isExportDeclaration(node)) return node.isTypeOnly || named(node.exportClause);
  if (!ts.isImportDeclaration(node) || !node.importClause) return false;
  const { isTypeOnly: all, name, namedBindings } = node.importClause;
  return all || (!name && named(namedBindings));
}

function named(bindings: ts.NamedImportBindings | ts.NamedExportBindings | undefined): boolean {
  return (
    bindings !== undefined &&
    (ts.isNamedImports(bindings) || ts.isNamedExports(bindings)) &&
    bindings.elements.length > 0 &&
    bindings.elements.every((element) => element.isTypeOnly)
  );
}

function nodesOf(node: ts.Node): ts.Node[] {
  const nodes: ts.Node[] = [];
  const visit = (one: ts.Node) => {
    nodes.push(one);
    ts.forEachChild(one, visit);
  };
  visit(node);
  return nodes;
}
