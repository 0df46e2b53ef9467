export const SYSTEM_PORTS: number;
export function freePort(beyond?: number): Promise<number>;
export function isFree(port: number): Promise<boolean>;
