import type ts from 'typescript';
import type { TypeScript } from './typescript.js';

/** Conventions of a source file that added code follows. */
export interface CodeStyle {
  readonly quote: "'" | '"';
  readonly semicolons: boolean;
  readonly indent: string;
  readonly newline: string;
}

export function codeStyleOf(compiler: TypeScript, source: ts.SourceFile): CodeStyle {
  const { text } = source;
  const imports = source.statements.filter(compiler.isImportDeclaration);
  const specifier = imports.at(-1)?.moduleSpecifier.getText(source);
  return {
    quote: specifier?.startsWith('"') ? '"' : "'",
    semicolons: imports.length === 0 || imports.some((one) => one.getText(source).endsWith(';')),
    // A comment's continuation lines begin with a space too.
    indent: /^([ \t]+)[^\s*]/m.exec(text)?.[1] ?? '  ',
    newline: text.includes('\r\n') ? '\r\n' : '\n',
  };
}

/** Rewrites code with single quotes, semicolons and two spaces. */
export function styled(code: string, { quote, semicolons, indent, newline }: CodeStyle): string {
  return code
    .split('\n')
    .map((line) => (semicolons ? line : line.replace(/;$/, '')))
    .map((line) => line.replace(/^( {2})+/, (spaces) => indent.repeat(spaces.length / 2)))
    .join(newline)
    .replaceAll("'", quote);
}
