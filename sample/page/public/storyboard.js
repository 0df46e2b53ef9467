/** How a film's length grows: the first clip, then each extension. */
const FIRST_CLIP_SECONDS = 8;
const EXTENSION_SECONDS = 7;

/**
 * How long a film of that many scenes is.
 *
 * @param {number} scenes
 */
export function secondsOf(scenes) {
  return scenes === 0 ? 0 : FIRST_CLIP_SECONDS + (scenes - 1) * EXTENSION_SECONDS;
}

/** What the app films when it is given no scenes: as many as Veo can join, 148 s. */
export const DEFAULT_STORYBOARD = [
  'Before dawn a small lighthouse stands on a cliff, its lamp turning slowly in the fog.',
  'The keeper, an old woman in a yellow coat, climbs the spiral stairs with a lantern.',
  'She opens the gallery door, and the first light touches the sea.',
  'Far out, a paper boat the size of a real one drifts between the waves.',
  'She looks through a brass telescope: a fox sits at the tiller.',
  'The fox waves a red flag; the wind takes it away.',
  'The keeper runs down the stairs, her coat flying behind her.',
  'On the beach she pushes a rowing boat into the surf.',
  'She rows past rocks on which seals lie and watch.',
  'Clouds tower up, and the sea turns green.',
  'The paper boat takes on water; the fox bails with a teacup.',
  'Lightning shows both boats on the crest of one wave.',
  'The keeper throws a rope, and the fox catches it in its teeth.',
  'The paper boat unfolds into a great white sheet and sinks.',
  'The fox sits in the rowing boat, wrapped in the yellow coat.',
  'Rain falls in curtains, and the lamp of the lighthouse shows the way.',
  'They land; the storm moves on over the hills.',
  'In the kitchen of the lighthouse a kettle steams and the fox dries by the stove.',
  'At the table they fold a new boat from an old sea chart.',
  'In the evening light they set it on the calm water.',
  'Night. The lamp turns, and a small paper boat sails along its beam towards the stars.',
];
