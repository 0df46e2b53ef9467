import ts from 'typescript';
import { libFiles, sourceOf } from './lib-sources.js';

/** An `@example` of a docstring. */
export interface DocstringExample {
  /** Its file's path below lib. */
  readonly file: string;
  /** The line of the tag, from 1. */
  readonly line: number;
  /** Declaration that the example belongs to. */
  readonly of: string;
  readonly code: string;
}

/** Examples in the docstrings of the public API. */
export function docstringExamples(): DocstringExample[] {
  return libFiles()
    .filter((file) => !file.startsWith('cli/'))
    .flatMap(examplesIn);
}

/** Imports from an entry point, types as `type Name`. @param index path below lib */
export function exportedNames(index: string): string[] {
  return sourceOf(index).statements.flatMap((statement) =>
    ts.isExportDeclaration(statement) && statement.exportClause && ts.isNamedExports(statement.exportClause)
      ? statement.exportClause.elements.map(({ name, isTypeOnly }) =>
          isTypeOnly || statement.isTypeOnly ? `type ${name.text}` : name.text,
        )
      : [],
  );
}

function examplesIn(file: string): DocstringExample[] {
  const source = sourceOf(file);
  const examples: DocstringExample[] = [];
  const visit = (node: ts.Node) => {
    for (const docstring of ts.getJSDocCommentsAndTags(node)) {
      if (!ts.isJSDoc(docstring) || docstring.parent !== node) continue;
      const first = source.getLineAndCharacterOfPosition(docstring.getStart()).line + 1;
      for (const [line, code] of examplesOf(docstring.getText()))
        examples.push({ file, line: first + line, of: nameOf(node), code });
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return examples;
}

/** Works on the text, because TypeScript parses a decorator as the next tag. Tag names start with a lower-case letter. */
function examplesOf(docstring: string): [line: number, code: string][] {
  const lines = docstring.split('\n').map((line) => line.replace(/^\s*(\/\*\*|\*\/|\* ?)/, ''));
  return lines.flatMap((line, index): [number, string][] => {
    const [, sameLine] = /^@example\b ?(.*)/.exec(line) ?? [];
    if (sameLine === undefined) return [];
    const rest = lines.slice(index + 1);
    const end = rest.findIndex((one) => /^@[a-z]/.test(one));
    return [[index, [sameLine, ...rest.slice(0, end < 0 ? rest.length : end)].join('\n')]];
  });
}

function nameOf(node: ts.Node): string {
  if (ts.isVariableStatement(node)) return node.declarationList.declarations[0]!.name.getText();
  return (node as ts.NamedDeclaration).name?.getText() ?? '';
}
