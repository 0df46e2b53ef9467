import { showsTour, withoutTour } from './tour.js';

if (showsTour(process.argv.slice(2))) {
  process.argv = withoutTour(process.argv);
  await import('../tour/main.js');
}
