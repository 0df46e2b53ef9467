#!/usr/bin/env bash
# webpack 5.113.0: terser-webpack-plugin is no longer installed with webpack, so a configuration that imports it fails.
#
# Valid input: a configuration with `optimization.minimizer: [new TerserPlugin({ terserOptions: { keep_classnames: true } })]`,
# as apps have it whose class names must survive. Up to 5.107 the plugin is a dependency of webpack and is there without
# being asked for. Seen with 5.113.0: ERR_MODULE_NOT_FOUND. Its place has minimizer-webpack-plugin, whose option for the same is
# `minimizerOptions`, and with it the class keeps its name.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y > /dev/null
npm install --silent --no-audit --no-fund --ignore-scripts webpack@5.113.0 > /dev/null 2>&1
cat > app.mjs <<'JS'
class PaidOrders {}
globalThis.found = PaidOrders.name;
JS
cat > run.mjs <<'JS'
import { join } from 'node:path';
import webpack from 'webpack';

const terser = await import('terser-webpack-plugin').then(
  () => 'installed',
  ({ code }) => code,
);
const { default: Minimizer } = await import('minimizer-webpack-plugin');
const names = {};
for (const [how, minimizer] of [
  ['default', undefined],
  ['minimizerOptions', [new Minimizer({ minimizerOptions: { keep_classnames: true } })]],
]) {
  const output = { path: process.cwd(), filename: `${how}.cjs` };
  const optimization = { minimize: true, ...(minimizer && { minimizer }) };
  const compiler = webpack({ mode: 'production', target: 'node', entry: './app.mjs', output, optimization });
  await new Promise((resolve, reject) => compiler.run((error) => (error ? reject(error) : resolve())));
  await import(join(process.cwd(), `${how}.cjs`));
  names[how] = globalThis.found;
}
console.log({ terser, names });
const isAsSeen =
  terser === 'ERR_MODULE_NOT_FOUND' && names.default !== 'PaidOrders' && names.minimizerOptions === 'PaidOrders';
console.log(isAsSeen ? 'As described.' : 'This has changed.');
process.exitCode = isAsSeen ? 0 : 1;
JS
node run.mjs
