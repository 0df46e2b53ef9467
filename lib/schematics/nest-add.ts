import { posix } from 'node:path';
import { codeStyleOf, styled, type CodeStyle } from './code-style.js';
import { applied } from './edits.js';
import { appendVariables } from './env-example.js';
import { inboxChoice } from './inbox-choice.js';
import { updateE2eSettings } from './jest-settings.js';
import { updateManifest } from './manifest.js';
import { importEdit, metadataEdits } from './module-metadata.js';
import { projectOf, type Project, type ProjectChoice } from './project.js';
import { rootModuleOf, type RootModule } from './root-module.js';
import { HANDLERS, HANDLERS_CODE, HANDLERS_FILE, specCode, variables } from './templates.js';
import { CannotWire, readText, type SchematicContext, type SchematicTree } from './tree.js';
import { loadTypeScript, type TypeScript } from './typescript.js';

/** Options of `nest add nestjs-gemini-webhooks`. `schema.json` describes them. */
export interface NestAddOptions extends ProjectChoice {
  readonly inbox?: string | undefined;
  readonly tests?: boolean | undefined;
  readonly skipInstall?: boolean | undefined;
}

const BY_HAND =
  'Nothing was changed. To add the module yourself, put GeminiWebhooksModule.forRoot() in the imports of your root ' +
  'module: the README of nestjs-gemini-webhooks shows it.';

/**
 * Adds `GeminiWebhooksModule` to an app: the schematic that `nest add` runs. It changes every file that it needs to, or
 * none.
 */
export function nestAdd(
  options: NestAddOptions,
  load: () => TypeScript = loadTypeScript,
): (tree: SchematicTree, context: SchematicContext) => void {
  return (tree, context) => {
    try {
      wire(tree, context, options, load);
    } catch (error) {
      if (!(error instanceof CannotWire)) throw error;
      context.logger.warn(`${error.message} ${BY_HAND}`);
    }
  };
}

function wire(tree: SchematicTree, context: SchematicContext, options: NestAddOptions, load: () => TypeScript): void {
  const inbox = inboxChoice(options.inbox ?? 'inline');
  const project = projectOf(tree, options);
  const importer = importerIn(tree, project);
  if (importer !== undefined) {
    context.logger.info(
      `${importer} imports GeminiWebhooksModule already, so nothing was changed. To change its inbox or add tests, see docs/inbox.md and docs/testing.md of nestjs-gemini-webhooks.`,
    );
    return;
  }
  const compiler = load();
  const root = rootModuleOf(compiler, tree, project);
  const style = codeStyleOf(compiler, root.source);
  const handlers = besides(root, `${HANDLERS_FILE}.ts`);
  const hasHandlers = tree.exists(handlers);
  // Nothing is written before everything is known to be possible.
  const text = wiredText(compiler, root, { forRoot: inbox.options, handlers: !hasHandlers }, style);
  const added = updateManifest(tree, inbox.packages);
  updateE2eSettings(tree, project.sourceRoot);
  tree.overwrite(root.path, text);
  appendVariables(tree, variables(inbox.url));
  if (hasHandlers) {
    context.logger.warn(
      `${handlers} exists and was not changed. Add its classes with @OnGeminiEvent to the providers of a module.`,
    );
  } else {
    tree.create(handlers, styled(HANDLERS_CODE, style));
    const spec = besides(root, `${HANDLERS_FILE}.spec.ts`);
    if (options.tests && !tree.exists(spec)) tree.create(spec, styled(specCode(root.suffix), style));
  }
  if (added.length > 0 && !options.skipInstall) context.addTask(INSTALL);
  context.logger.info(nextSteps(added.length > 0 && options.skipInstall === true));
}

/** The engine's task that installs the packages of `package.json` with the app's package manager. */
const INSTALL = {
  toConfiguration: () => ({
    name: 'node-package',
    options: { command: 'install', quiet: true, hideOutput: true, workingDirectory: '.' },
  }),
};

/** Returns the source file of the app that imports the module, if there is one. */
function importerIn(tree: SchematicTree, { sourceRoot }: Project): string | undefined {
  let importer: string | undefined;
  tree.getDir(sourceRoot).visit((path) => {
    if (importer !== undefined || !/(?<!\.d|[.-]spec|[.-]test)\.ts$/.test(path)) return;
    const text = readText(tree, path) ?? '';
    if (/\bGeminiWebhooksModule\b/.test(text) && /['"]nestjs-gemini-webhooks['"]/.test(text)) {
      importer = path.replace(/^\//, '');
    }
  });
  return importer;
}

function wiredText(
  compiler: TypeScript,
  root: RootModule,
  { forRoot, handlers }: { readonly forRoot: string; readonly handlers: boolean },
  style: CodeStyle,
): string {
  const { source, path, suffix } = root;
  if (handlers && new RegExp(`\\b${HANDLERS}\\b`).test(source.text)) {
    throw new CannotWire(`${path} uses the name ${HANDLERS} already, and ${HANDLERS_FILE}.ts does not exist.`);
  }
  const lines = [
    "import { GeminiWebhooksModule } from 'nestjs-gemini-webhooks';",
    ...(forRoot === '' ? [] : ["import { bullmqInbox } from 'nestjs-gemini-webhooks/bullmq';"]),
    ...(handlers ? [`import { ${HANDLERS} } from './${HANDLERS_FILE}${suffix}';`] : []),
  ];
  const entries = [
    { list: 'imports' as const, code: `GeminiWebhooksModule.forRoot(${forRoot})` },
    ...(handlers ? [{ list: 'providers' as const, code: HANDLERS }] : []),
  ];
  return applied(source.text, [
    importEdit(
      compiler,
      source,
      lines.map((line) => styled(line, style)),
      style,
    ),
    ...metadataEdits(compiler, root, entries, style),
  ]);
}

function besides({ path }: RootModule, name: string): string {
  return posix.join(posix.dirname(path), name);
}

function nextSteps(mustInstall: boolean): string {
  const install = mustInstall ? 'Install the packages that were added to package.json, then set' : 'Set';
  return `${install} the variables of .env.example in the environment of the app, and start it. To send it a signed event: npx nestjs-gemini-webhooks trigger batch.succeeded --to http://localhost:3000/gemini/webhooks`;
}
