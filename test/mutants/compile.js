import { transformSync } from '@swc/core';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { BASE } from '../jest/base.js';

// Compiles lib and test in Stryker's copy of the repository, so that Node imports them without Jest.
const [[, options]] = Object.values(BASE.transform);
const jestApi = pathToFileURL(join(import.meta.dirname, 'jest-api.js')).href;

for (const folder of ['lib', 'test']) {
  const files = readdirSync(folder, { recursive: true }).filter((file) => /(?<!\.d)\.ts$/.test(file));
  for (const file of files) {
    const path = join(folder, file);
    const { code } = transformSync(readFileSync(path, 'utf8'), { ...options, sourceMaps: false, filename: path });
    writeFileSync(path.replace(/\.ts$/, '.js'), code.replace(/(?<=\bfrom ['"])@jest\/globals(?=['"])/, jestApi));
  }
}
