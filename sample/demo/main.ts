import { HELP, readOptions } from './options.js';
import { Terminal } from './terminal.js';
import { showsTour, withoutTour } from './tour.js';

const args = process.argv.slice(2);

if (showsTour(args)) {
  process.argv = withoutTour(process.argv);
  await import('../tour/main.js');
} else {
  const terminal = new Terminal(process.stdout);
  try {
    const options = readOptions(args);
    if (options.help) terminal.print(HELP);
    else {
      const { runDemo } = await import('./run-demo.js');
      process.exitCode = await runDemo(options, terminal);
    }
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n`);
    process.exitCode = 1;
  }
}
