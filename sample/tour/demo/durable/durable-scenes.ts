import type { Outcome } from '../outcome.js';
import { ALERT, AUDIT, type Scene } from '../scenes.js';

/**
 * The tour with an inbox that keeps events: what is taken is answered 202 once it is stored, and the worker tries again
 * by itself. It ends with a worker that is killed.
 */
export function durableScenes(tour: readonly Scene[]): Scene[] {
  return tour.flatMap((scene) => {
    switch (scene.name) {
      case "Gemini's retry":
        return [];
      case 'a method fails':
        return [failing(scene), killed(scene)];
      default:
        return [{ ...scene, expected: accepted(scene.expected) }];
    }
  });
}

function accepted({ answers, ...rest }: Outcome): Outcome {
  return { ...rest, answers: answers.map((answer) => (answer.startsWith('200 ') ? '202 accepted' : answer)) };
}

function failing(scene: Scene): Scene {
  return {
    ...scene,
    story: 'A batch has failed, and the pager is down. The worker tries again, and only the method that failed.',
    expected: { answers: ['202 accepted'], handlers: [ALERT, AUDIT, ALERT] },
  };
}

function killed(scene: Scene): Scene {
  return {
    ...scene,
    name: 'the worker is killed',
    story: 'Another batch has failed. While somebody is being paged the worker is killed: nothing is lost.',
    expected: { answers: ['202 accepted'], handlers: [AUDIT, ALERT] },
  };
}
