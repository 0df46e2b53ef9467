import { posix } from 'node:path';
import type ts from 'typescript';
import type { Project } from './project.js';
import { CannotWire, readText, type SchematicTree } from './tree.js';
import type { TypeScript } from './typescript.js';

/** The class that `NestFactory` starts. */
export interface RootModule {
  readonly path: string;
  readonly source: ts.SourceFile;
  readonly declaration: ts.ClassDeclaration;
  /** Extension of the app's relative imports: `.js`, `.ts` or none. */
  readonly suffix: string;
}

/** @throws CannotWire if the class cannot be found */
export function rootModuleOf(compiler: TypeScript, tree: SchematicTree, { entry }: Project): RootModule {
  const main = sourceOf(compiler, tree, entry);
  const name = startedModule(compiler, main, entry);
  const own = classOf(compiler, main, name);
  if (own) return { path: entry, source: main, declaration: own, suffix: suffixIn(compiler, tree, main) };
  const { specifier, exported } = importOf(compiler, main, name, entry);
  const path = resolved(tree, entry, specifier);
  if (path === undefined) {
    throw new CannotWire(`${entry} imports ${name} from "${specifier}", which is not a file beside it.`);
  }
  const source = sourceOf(compiler, tree, path);
  const declaration = classOf(compiler, source, exported);
  if (!declaration) throw new CannotWire(`${path} does not declare the class ${name}.`);
  return { path, source, declaration, suffix: /\.[jt]s$/.exec(specifier)?.[0] ?? '' };
}

function sourceOf(compiler: TypeScript, tree: SchematicTree, path: string): ts.SourceFile {
  const source = compiler.createSourceFile(path, readText(tree, path) ?? '', compiler.ScriptTarget.Latest, true);
  // TypeScript keeps them on the source file, without declaring them.
  const { parseDiagnostics = [] } = source as { readonly parseDiagnostics?: readonly unknown[] };
  if (parseDiagnostics.length > 0) throw new CannotWire(`${path} has syntax errors.`);
  return source;
}

/** Returns the name of the module given to `NestFactory.create`, `createMicroservice` or `createApplicationContext`. */
function startedModule(compiler: TypeScript, main: ts.SourceFile, entry: string): string {
  const given = new Set<string>();
  const visit = (node: ts.Node): void => {
    if (compiler.isCallExpression(node) && /^NestFactory\s*\.\s*create/.test(node.expression.getText(main))) {
      given.add(node.arguments[0]?.getText(main) ?? '');
    }
    compiler.forEachChild(node, visit);
  };
  visit(main);
  const [name = '', ...others] = given;
  if (given.size === 0) throw new CannotWire(`${entry} does not call NestFactory.create.`);
  if (others.length > 0) throw new CannotWire(`${entry} starts several modules: ${[...given].join(', ')}.`);
  if (!/^[\w$]+$/.test(name))
    throw new CannotWire(`${entry} starts ${name || 'nothing'}, which is not the name of a class.`);
  return name;
}

function importOf(
  compiler: TypeScript,
  main: ts.SourceFile,
  name: string,
  entry: string,
): { specifier: string; exported: string | undefined } {
  for (const statement of main.statements) {
    if (!compiler.isImportDeclaration(statement) || !compiler.isStringLiteral(statement.moduleSpecifier)) continue;
    const specifier = statement.moduleSpecifier.text;
    const clause = statement.importClause;
    if (clause?.name?.text === name) return { specifier, exported: undefined };
    const bindings = clause?.namedBindings;
    const elements = bindings && compiler.isNamedImports(bindings) ? bindings.elements : [];
    const element = elements.find((one) => one.name.text === name);
    if (element) {
      const exported = (element.propertyName ?? element.name).text;
      return { specifier, exported: exported === 'default' ? undefined : exported };
    }
  }
  throw new CannotWire(`${entry} does not import ${name}.`);
}

/** @param name without one, the default export */
function classOf(
  compiler: TypeScript,
  source: ts.SourceFile,
  name: string | undefined,
): ts.ClassDeclaration | undefined {
  return source.statements
    .filter(compiler.isClassDeclaration)
    .find((one) =>
      name === undefined
        ? one.modifiers?.some(({ kind }) => kind === compiler.SyntaxKind.DefaultKeyword)
        : one.name?.text === name,
    );
}

function resolved(tree: SchematicTree, from: string, specifier: string): string | undefined {
  if (!specifier.startsWith('.')) return undefined;
  const path = posix.join(posix.dirname(from), specifier);
  const candidates = [path.replace(/\.js$/, '.ts'), `${path}.ts`, `${path}/index.ts`];
  return candidates.find((one) => one.endsWith('.ts') && tree.exists(one));
}

function suffixIn(compiler: TypeScript, tree: SchematicTree, source: ts.SourceFile): string {
  const relative = source.statements
    .filter(compiler.isImportDeclaration)
    .map(({ moduleSpecifier }) => moduleSpecifier.getText(source).slice(1, -1))
    .find((specifier) => specifier.startsWith('.'));
  if (relative !== undefined) return /\.[jt]s$/.exec(relative)?.[0] ?? '';
  return /"type"\s*:\s*"module"/.test(readText(tree, 'package.json') ?? '') ? '.js' : '';
}
