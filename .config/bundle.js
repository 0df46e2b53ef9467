import { decode, encode } from '@jridgewell/sourcemap-codec';
import commonjs from '@rollup/plugin-commonjs';
import { nodeResolve } from '@rollup/plugin-node-resolve';
import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { isAbsolute, join } from 'node:path';
import { rollup } from 'rollup';
import { dts } from 'rollup-plugin-dts';
import { minify } from 'terser';

/** What the compiler made of lib, and what is packed. */
const COMPILED = 'build';
const PACKED = 'dist';
const TYPED_ENTRIES = ['index', 'bullmq/index', 'testing/index'];
const ENTRIES = [...TYPED_ENTRIES, 'cli/main', 'schematics/nest-add'];

const { dependencies, peerDependencies } = JSON.parse(readFileSync('package.json', 'utf8'));
const INSTALLED = [...Object.keys(dependencies), ...Object.keys(peerDependencies)];

rmSync(PACKED, { recursive: true, force: true });
await bundleCode();
await bundleTypings();
for (const file of readdirSync(join(COMPILED, 'schematics')).filter((name) => name.endsWith('.json'))) {
  cpSync(join(COMPILED, 'schematics', file), join(PACKED, 'schematics', file));
}

/** Code that several entry points share is in one chunk, and `import()` stays lazy. */
async function bundleCode() {
  const bundle = await rollup({
    input: entries(ENTRIES, '.js'),
    external: isInstalled,
    plugins: [
      nodeResolve({ exportConditions: ['node'] }),
      commonjs(),
      compiledSourceMaps(),
      shortNamesInPackages(),
      withoutComments(),
    ],
    onwarn: stop,
  });
  const { output } = await bundle.write({
    dir: PACKED,
    chunkFileNames: 'chunks/[name].js',
    hoistTransitiveImports: false,
    sourcemap: true,
  });
  await bundle.close();
  for (const { fileName } of output.filter(({ fileName: name }) => name.endsWith('.map'))) {
    const path = join(PACKED, fileName);
    writeFileSync(path, JSON.stringify(withoutColumns(JSON.parse(readFileSync(path, 'utf8')))));
  }
  const modules = output.flatMap((file) => (file.type === 'chunk' ? file.moduleIds : []));
  writeFileSync(join(PACKED, 'THIRD-PARTY-LICENSES.txt'), licensesOf(modules));
}

async function bundleTypings() {
  const bundle = await rollup({
    input: entries(TYPED_ENTRIES, '.d.ts'),
    external: (id) => !id.startsWith('.') && !isAbsolute(id),
    plugins: [dts()],
    onwarn: (warning) => {
      // A type that options refer to need not be exported.
      if (!warning.message.includes('references private shared type exports')) stop(warning);
    },
  });
  await bundle.write({ dir: PACKED, entryFileNames: '[name].d.ts', chunkFileNames: 'typings/[name].ts' });
  await bundle.close();
}

function entries(names, ending) {
  return Object.fromEntries(names.map((name) => [name, join(COMPILED, `${name}${ending}`)]));
}

/** Everything else that lib imports becomes part of the build. */
function isInstalled(id) {
  const isPackage = (name) => id === name || id.startsWith(`${name}/`);
  return id.startsWith('node:') || builtinModules.includes(id) || INSTALLED.some(isPackage);
}

function stop(warning) {
  throw new Error(warning.message, { cause: warning });
}

/** Continues the compiler's source maps, so that the build's lead to the TypeScript sources. */
function compiledSourceMaps() {
  return {
    name: 'compiled-source-maps',
    load(id) {
      if (!id.startsWith(join(process.cwd(), COMPILED))) return null;
      return { code: readFileSync(id, 'utf8'), map: readFileSync(`${id}.map`, 'utf8') };
    },
  };
}

/** Of other packages' code no stack trace needs the names: that saves a third of it. */
function shortNamesInPackages() {
  return {
    name: 'short-names-in-packages',
    transform: (code, id) => (id.includes('node_modules') ? minify(code, { module: true, sourceMap: true }) : null),
  };
}

/** Prints the code anew, because Rollup keeps comments. Docstrings are in the typings. */
function withoutComments() {
  const format = { beautify: true, comments: false, indent_level: 1, width: 120 };
  return {
    name: 'without-comments',
    renderChunk: (code) => minify(code, { module: true, compress: false, mangle: false, format, sourceMap: true }),
  };
}

/** Keeps what a stack trace needs, the line in lib: the whole map is five times as large. */
function withoutColumns({ version, file, sources, mappings }) {
  const ours = sources.filter((source) => /^(\.\.\/)+lib\//.test(source));
  let last;
  const lines = decode(mappings).map((segments) =>
    segments.flatMap(([column, from, line]) => {
      const source = ours.indexOf(sources[from]);
      const place = source < 0 ? '' : `${source}:${line}`;
      if (column > 0 && place === last) return [];
      last = place;
      return [source < 0 ? [column] : [column, source, line, 0]];
    }),
  );
  return { version, file, sources: ours, names: [], mappings: encode(lines) };
}

/** The licenses of the packages that modules are from. */
function licensesOf(modules) {
  const folders = modules.flatMap((path) => /[^\0]*node_modules[\\/](?:@[^\\/]+[\\/])?[^\\/]+/.exec(path) ?? []);
  return [...new Set(folders)]
    .map((folder) => {
      const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
      const file = readdirSync(folder).find((one) => /^licen[cs]e/i.test(one));
      return `${name} ${version} (${license})\n\n${readFileSync(join(folder, file), 'utf8').trim()}\n`;
    })
    .toSorted()
    .join(`\n${'-'.repeat(80)}\n\n`);
}
