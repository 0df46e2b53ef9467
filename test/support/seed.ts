/** Seed of tests that choose at random: the same in every run, except every night, when `SEED` is set to another one. */
export const SEED = Number(process.env['SEED'] || 1);
