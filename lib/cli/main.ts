#!/usr/bin/env node
import { Command } from 'commander';
import { messageOf } from '../errors.js';
import { simulateCommand } from './simulate.command.js';

const program = new Command('nestjs-gemini-webhooks').description('Tools for webhooks of the Gemini API').addCommand(
  simulateCommand({
    print: (line) => void process.stdout.write(`${line}\n`),
    stopped: () =>
      new Promise((resolve) => {
        process.once('SIGINT', resolve).once('SIGTERM', resolve);
      }),
  }),
);

program.parseAsync().catch((error: unknown) => {
  process.stderr.write(`${messageOf(error)}\n`);
  process.exitCode = 1;
});
