import { describe, expect, it } from '@jest/globals';
import ts from 'typescript';
import { codeStyleOf } from '../../../lib/schematics/code-style.js';
import { applied } from '../../../lib/schematics/edits.js';
import { importEdit, metadataEdits } from '../../../lib/schematics/module-metadata.js';

/** Appends `New` to the imports and `Handler` to the providers of the file's class `AppModule`. */
function wired(text: string): string {
  const source = ts.createSourceFile('app.module.ts', text, ts.ScriptTarget.Latest, true);
  const declaration = source.statements.filter(ts.isClassDeclaration).find(({ name }) => name?.text === 'AppModule')!;
  const root = { path: 'app.module.ts', source, declaration, suffix: '' };
  const entries = [
    { list: 'imports' as const, code: 'New' },
    { list: 'providers' as const, code: 'Handler' },
  ];
  return applied(text, metadataEdits(ts, root, entries, codeStyleOf(ts, source)));
}

describe('the metadata of a module', () => {
  it.each([
    {
      title: 'has both lists empty',
      given: '{ imports: [], providers: [] }',
      wanted: '{ imports: [New], providers: [Handler] }',
    },
    {
      title: 'has lists on one line',
      given: '{ imports: [A, B], providers: [C] }',
      wanted: '{ imports: [A, B, New], providers: [C, Handler] }',
    },
    {
      title: 'has trailing commas on one line',
      given: '{ imports: [A, ], providers: [C,], }',
      wanted: '{ imports: [A, New, ], providers: [C, Handler,], }',
    },
    {
      title: 'has lists on several lines with trailing commas',
      given: '{\n  imports: [\n    A,\n    B,\n  ],\n  providers: [\n    C,\n  ],\n}',
      wanted: '{\n  imports: [\n    A,\n    B,\n    New,\n  ],\n  providers: [\n    C,\n    Handler,\n  ],\n}',
    },
    {
      title: 'has lists on several lines without trailing commas',
      given: '{\n    imports: [\n        A,\n        B\n    ],\n    providers: [\n        C\n    ]\n}',
      wanted:
        '{\n    imports: [\n        A,\n        B,\n        New\n    ],\n    providers: [\n        C,\n        Handler\n    ]\n}',
    },
    {
      title: 'has comments after its items',
      given: '{\n  imports: [\n    A, // first, of all\n  ],\n  providers: [\n    C // the [C]\n  ],\n}',
      wanted:
        '{\n  imports: [\n    A, // first, of all\n    New,\n  ],\n  providers: [\n    C, // the [C]\n    Handler\n  ],\n}',
    },
    {
      title: 'has comments within a line',
      given: '{ imports: [A /* a, b */,], providers: [C /* c */] }',
      wanted: '{ imports: [A /* a, b */, New,], providers: [C /* c */, Handler] }',
    },
    {
      title: 'has only comments in its lists',
      given: '{\n  imports: [\n    // none yet\n  ],\n  providers: [/* none */],\n}',
      wanted: '{\n  imports: [\n    // none yet\n    New,\n  ],\n  providers: [/* none */Handler],\n}',
    },
    {
      title: 'lacks both lists',
      given: '{\n  controllers: [A], // of the app\n}',
      wanted: '{\n  controllers: [A], // of the app\n  imports: [New],\n  providers: [Handler],\n}',
    },
    {
      title: 'lacks one list, on one line',
      given: '{ providers: [C] }',
      wanted: '{ providers: [C, Handler], imports: [New] }',
    },
    { title: 'is empty', given: '{}', wanted: '{\n  imports: [New],\n  providers: [Handler],\n}' },
    {
      title: 'has quoted names and calls with lists of their own',
      given: '{ \'imports\': [A.forRoot({ imports: [X], providers: [] })], "providers": [...all] }',
      wanted: '{ \'imports\': [A.forRoot({ imports: [X], providers: [] }), New], "providers": [...all, Handler] }',
    },
    {
      title: 'spreads other metadata beside both lists',
      given: '{ ...base, imports: [...base.imports], providers: [] }',
      wanted: '{ ...base, imports: [...base.imports, New], providers: [Handler] }',
    },
  ])('is appended to when it $title', ({ given, wanted }) => {
    const file = (metadata: string) =>
      `import { Module } from '@nestjs/common';\n\n@Module(${metadata})\nexport class AppModule {}\n`;

    expect(wired(file(given))).toBe(file(wanted));
  });

  it('is that of the root module when the file has several', () => {
    const file = (inner: string) =>
      `@Module({ imports: [] }) class First {}\n@Global() @Module({ ${inner} }) export class AppModule {}\n@Module({}) class Last {}\n`;

    expect(wired(file('imports: [First], providers: []'))).toBe(file('imports: [First, New], providers: [Handler]'));
  });
});

describe('the imports of a file', () => {
  it.each([
    {
      title: 'after the last one',
      given: "import a from 'a';\n\ncode();\n",
      wanted: "import a from 'a';\nNEW\n\ncode();\n",
    },
    {
      title: 'after its comment',
      given: "import a from 'a'; // why\nimport {\n  b,\n} from 'b'; // too\ncode();\n",
      wanted: "import a from 'a'; // why\nimport {\n  b,\n} from 'b'; // too\nNEW\ncode();\n",
    },
    { title: 'at the start of a file without imports', given: 'code();\n', wanted: 'NEW\ncode();\n' },
  ])('get a new line $title', ({ given, wanted }) => {
    const source = ts.createSourceFile('a.ts', given, ts.ScriptTarget.Latest, true);

    expect(applied(given, [importEdit(ts, source, ['NEW'], codeStyleOf(ts, source))])).toBe(wanted);
  });
});
