import ts from 'typescript';

/** Names with and without a docstring. */
export interface Documentation {
  readonly documented: readonly string[];
  readonly undocumented: readonly string[];
}

/** Checks a module's exports, or the properties of one of its types. */
export function documentation(entryPoint: string, type?: string): Documentation {
  const program = ts.createProgram([entryPoint], {
    module: ts.ModuleKind.NodeNext,
    target: ts.ScriptTarget.ES2023,
    experimentalDecorators: true,
    types: [],
  });
  const checker = program.getTypeChecker();
  const source = program.getSourceFile(entryPoint);
  const module = source && checker.getSymbolAtLocation(source);
  if (!module) throw new Error(`${entryPoint} is no module`);
  const exported = checker
    .getExportsOfModule(module)
    .map((symbol) => (symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol));
  const symbols =
    type === undefined
      ? exported
      : exported
          .filter(({ name }) => name === type)
          .flatMap((symbol) => checker.getPropertiesOfType(checker.getDeclaredTypeOfSymbol(symbol)));
  const names = (wanted: boolean) =>
    symbols.filter((symbol) => isDocumented(symbol, checker) === wanted).map(({ name }) => name);
  return { documented: names(true), undocumented: names(false) };
}

function isDocumented(symbol: ts.Symbol, checker: ts.TypeChecker): boolean {
  return (
    symbol.getDocumentationComment(checker).length > 0 ||
    // `@see` refers to the option that uses the type.
    symbol.getJsDocTags(checker).some(({ name }) => name === 'see')
  );
}
