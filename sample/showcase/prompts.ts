const SUBJECTS = ['rivers', 'lighthouses', 'glaciers', 'honey bees', 'sourdough', 'tides', 'typefaces', 'comets'];
const TASKS = ['Explain in one sentence', 'Name a surprising fact about', 'Write a headline about'];
/** The simulator fails a prompt with `[fail]` in it. To Gemini it is a word. */
const FAILED_EVERY = 50;

/** Yields the prompts of a batch one by one, so that no list of all of them is held in memory. */
export function* batchPrompts(count: number): Generator<string, void, undefined> {
  for (let index = 0; index < count; index += 1) {
    const mark = (index + 1) % FAILED_EVERY === 0 ? ' [fail]' : '';
    yield `${TASKS[index % TASKS.length]} ${SUBJECTS[index % SUBJECTS.length]} (no. ${index + 1})${mark}`;
  }
}

/** Scenes of a film, 8 s each. A scene that begins a chain of 40 s describes its characters again. */
export const STORYBOARD: readonly string[] = [
  'Before dawn a small lighthouse stands on a cliff, its lamp turning slowly in the fog.',
  'The keeper, an old woman in a yellow coat, climbs the spiral stairs with a lantern.',
  'She opens the gallery door, and the first light touches the sea.',
  'She looks through a brass telescope: far out, a fox sits at the tiller of a paper boat.',
  'She runs down the stairs, her coat flying behind her.',
  'An old lighthouse keeper in a yellow coat pushes a rowing boat into the surf, towards a fox in a paper boat.',
  'Clouds tower up, and lightning shows both boats on the crest of one wave.',
  'The keeper throws a rope, and the fox catches it in its teeth.',
  'The paper boat unfolds into a great white sheet and sinks.',
  'The fox sits in the rowing boat, wrapped in the yellow coat.',
  'In the kitchen of a lighthouse an old woman in a yellow coat and a fox fold a new boat from an old sea chart.',
  'Night. The lamp turns, and a small paper boat sails along its beam towards the stars.',
];
