import { join } from 'node:path';

/** What Nest asks for without needing it: every guide to bundling Nest has this list. */
const NEST_OPTIONAL = ['@nestjs/microservices', '@nestjs/websockets', 'class-transformer', 'class-validator'];
const REQUIRE = "import { createRequire as requireOf } from 'node:module'; const require = requireOf(import.meta.url);";
const CLI = 'node_modules/nestjs-gemini-webhooks/dist/cli/main.js';

const ENTRY_FILE = /^(?:app|cli)\.cjs$/;
const KEEP_NAMES = { keep_classnames: true, keep_fnames: true };

/** Bundles as `bundle <tool> <what it is told> <compiled app> <where to>` says: the app, and the package's command line. */
const [tool, told, app, outdir] = process.argv.slice(2);
const entries = { app: `./${app}`, cli: `./${CLI}` };
const flags = told.split(' ');
const isMinified = flags.includes('minify');
const keepsNames = flags.includes('keep-names');

if (tool === 'esbuild') await bundleByEsbuild();
else await bundleByPack();

async function bundleByEsbuild() {
  const { build } = await import('esbuild');
  const isEsm = flags.includes('esm');
  await build({
    entryPoints: entries,
    outdir,
    bundle: true,
    platform: 'node',
    target: 'node20',
    minify: isMinified,
    keepNames: keepsNames,
    format: isEsm ? 'esm' : 'cjs',
    outExtension: { '.js': isEsm ? '.mjs' : '.cjs' },
    // The CommonJS packages in it ask for a `require`.
    ...(isEsm && { banner: { js: REQUIRE } }),
    external: NEST_OPTIONAL.flatMap((name) => [name, `${name}/*`]),
    logLevel: 'error',
  });
}

async function bundleByPack() {
  const { default: pack, ...named } = await import(tool === 'rspack' ? '@rspack/core' : 'webpack');
  const compiler = (named.rspack ?? pack)({
    mode: 'production',
    target: 'node20',
    devtool: false,
    entry: entries,
    output: { path: join(process.cwd(), outdir), filename: '[name].cjs' },
    externals: [
      ({ request }, resolved) =>
        NEST_OPTIONAL.some((name) => request === name || request.startsWith(`${name}/`))
          ? resolved(null, `commonjs ${request}`)
          : resolved(),
    ],
    optimization: {
      minimize: isMinified,
      ...(isMinified && { minimizer: [await minimizer(named.SwcJsMinimizerRspackPlugin)] }),
    },
  });
  const stats = await new Promise((resolve, reject) => {
    compiler.run((error, result) => (error ? reject(error) : resolve(result)));
  });
  // Optional packages that are not there are warnings.
  if (stats.hasErrors()) throw new Error(stats.toString({ all: false, errors: true }));
}

async function minimizer(RspackMinimizer) {
  if (RspackMinimizer)
    return new RspackMinimizer(
      keepsNames ? { minimizerOptions: { compress: KEEP_NAMES, mangle: KEEP_NAMES } } : undefined,
    );
  const { default: WebpackMinimizer } = await import('minimizer-webpack-plugin');
  // Terser takes a minute for the other files, most of which are Google's SDK, loaded when it is needed.
  return new WebpackMinimizer({ test: ENTRY_FILE, ...(keepsNames && { minimizerOptions: KEEP_NAMES }) });
}
