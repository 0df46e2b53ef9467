import './typescript-loader.js';

/** `npm run demo`: checks the options before anything else is loaded, so that a wrong one is refused at once. */
try {
  const { HELP, readOptions } = await import('./options.ts');
  const options = readOptions(process.argv.slice(2));
  if (options.help) process.stdout.write(HELP);
  else {
    process.stdout.write('Starting PostgreSQL, Gemini and the app …\n');
    process.setSourceMapsEnabled(true);
    const { runDemo } = await import('./demo.ts');
    process.exitCode = await runDemo(options);
  }
} catch (error) {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
