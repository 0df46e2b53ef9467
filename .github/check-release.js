import { readFileSync } from 'node:fs';

const [tag = ''] = process.argv.slice(2);
const { version, repository } = JSON.parse(readFileSync('package.json', 'utf8'));
const sources = {
  'the tag': tag.replace(/^v/, ''),
  'package.json': version,
  'lib/cli/version.ts': /'(.+)'/.exec(readFileSync('lib/cli/version.ts', 'utf8'))?.[1],
  'CHANGELOG.md': /^## (\d\S*)/m.exec(readFileSync('CHANGELOG.md', 'utf8'))?.[1],
};
const faults = Object.entries(sources)
  .filter(([, found]) => found !== version)
  .map(([place, found]) => `${place} says ${found}, package.json ${version}.`);
if (!repository) faults.push('package.json has no "repository", which npm needs for provenance.');
for (const fault of faults) process.stderr.write(`${fault}\n`);
process.exitCode = faults.length > 0 ? 1 : 0;
