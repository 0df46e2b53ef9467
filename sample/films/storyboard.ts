/** Veo: the first clip is 8 s long, each extension adds 7 s, and there are at most 20 of them. */
export const FIRST_CLIP_SECONDS = 8;
export const EXTENSION_SECONDS = 7;
export const MOST_SCENES = 21;

/** How long a film of so many scenes is. */
export function secondsOf(scenes: number): number {
  return scenes === 0 ? 0 : FIRST_CLIP_SECONDS + (scenes - 1) * EXTENSION_SECONDS;
}

/** Takes out of a prompt what may have made Gemini's safety filters take the clip. */
export function softened(prompt: string): string {
  return `${prompt} Calm and friendly, suitable for all ages, without violence, blood, or real people.`;
}

/** A film of 148 s, when nobody gives scenes of their own. */
export const STORYBOARD: readonly string[] = [
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
