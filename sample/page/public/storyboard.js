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

/** A film in as many scenes as Veo can join: 148 s. */
export const DEFAULT_STORYBOARD = [
  'Dawn over a rocky coast, a white lighthouse in the mist, slow aerial approach',
  'The keeper, an old woman in a blue coat, climbs the spiral stairs with a lantern',
  'She wipes the great lens, and the first sunlight breaks into colours on the wall',
  'Gulls lift off the cliffs together, the camera follows them out over the water',
  'A small red boat leaves the harbour, its engine leaves a thin line in the calm sea',
  'The fisherman pours tea from a flask and waves up at the tower',
  'Noon: children run along the beach with a kite shaped like a fish',
  'The kite rises past the lighthouse, seen from the gallery at the top',
  'Clouds gather at the horizon, the light turns green and the wind picks up',
  'The keeper looks at the barometer, its needle falls',
  'First rain on the window, the sea below goes dark',
  'The red boat among growing waves, the fisherman pulls in his net',
  'Lightning far out, for a moment the whole bay is white',
  'The keeper lights the lamp, and the beam starts to turn through the rain',
  'The beam sweeps over the waves and finds the red boat',
  'Inside the boat, light crosses the fisherman’s face, he turns the wheel',
  'The boat between the rocks, guided by the turning beam, seen from above',
  'Calm water behind the breakwater, ropes are thrown and caught by many hands',
  'Night: the storm moves off, stars come out over the tower',
  'The fisherman and the keeper share soup at a small table under the lamp',
  'Dawn again, the sea like glass, the beam goes out and the camera rises into the sun',
];
