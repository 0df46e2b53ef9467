export const ROOT: string;
export const TIERS: readonly string[];
export function specsOf(tier: string): string[];
export function tierOf(spec: string): string;
