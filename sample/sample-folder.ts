import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(new URL('.', import.meta.url));

/** The folder of the sample, also when it runs as built: what is no TypeScript is read from where it was written. */
export const SAMPLE_FOLDER = basename(here) === 'dist' ? fileURLToPath(new URL('..', import.meta.url)) : here;
