#!/usr/bin/env node
import { run } from './program.js';

// A reader such as `head` may close the pipe before everything is printed.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit();
});

void run(process.argv.slice(2), {
  print: (line) => void process.stdout.write(`${line}\n`),
  printError: (line) => void process.stderr.write(`${line}\n`),
  stopped: () =>
    new Promise((resolve) => {
      process.once('SIGINT', resolve).once('SIGTERM', resolve);
    }),
  environment: process.env,
  columns: process.stdout.columns,
  hasColours: process.stdout.isTTY && process.stdout.hasColors(),
  fetch,
}).then((exitCode) => {
  process.exitCode = exitCode;
});
