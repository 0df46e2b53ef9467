/** Version of the package, equal to the manifest's: a bundle of the command line has no manifest beside it. */
export const VERSION = '0.2.0';
