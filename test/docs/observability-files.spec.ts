import { describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ATTRIBUTES } from '../../lib/telemetry/attributes.js';
import { INSTRUMENTS, type Instrument } from '../../lib/telemetry/instruments.js';

const FOLDER = join(import.meta.dirname, '..', '..', 'docs', 'observability');
const read = (file: string) => readFileSync(join(FOLDER, file), 'utf8');

interface Dashboard {
  readonly panels: readonly {
    readonly id: number;
    readonly title: string;
    readonly targets: readonly { readonly expr: string; readonly legendFormat: string }[];
  }[];
}

const dashboard = JSON.parse(read('dashboard.json')) as Dashboard;
const alerts = read('alerts.yml');
const expressions = [
  ...dashboard.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr)),
  ...[...alerts.matchAll(/^ +expr: (.+)$/gm)].map(([, expr]) => expr!),
];

/** Names of a metric in Prometheus, by OpenTelemetry's rules: the unit and the type are suffixes. */
function prometheusNames([name, { kind, unit }]: [string, Instrument]): string[] {
  const base = `${name.replaceAll('.', '_')}${unit === 's' ? '_seconds' : ''}`;
  if (kind === 'counter') return [`${base}_total`];
  return kind === 'gauge' ? [base] : ['_bucket', '_count', '_sum'].map((suffix) => `${base}${suffix}`);
}

const known = new Set(Object.entries(INSTRUMENTS).flatMap(prometheusNames));
const labels = new Set(['le', ...Object.values(ATTRIBUTES).map((name) => name.replaceAll('.', '_'))]);

describe.each(expressions)('%s', (expr) => {
  it('uses only existing metrics and attributes', () => {
    const words = expr.replaceAll(/"[^"]*"|\[[^\]]*\]/g, '').match(/[a-z_]+/g) ?? [];
    const ours = words.filter((word) => /^(?:gemini_webhooks|messaging|http|error)_/.test(word));

    expect(ours.length).toBeGreaterThan(0);
    expect(ours.filter((word) => !known.has(word) && !labels.has(word))).toEqual([]);
  });

  it('has balanced brackets', () => {
    for (const [open, close] of ['()', '{}', '[]']) {
      expect(expr.split(open!)).toHaveLength(expr.split(close!).length);
    }
  });
});

describe('the dashboard and the alerts', () => {
  it('show every metric', () => {
    const unused = Object.entries(INSTRUMENTS).filter(
      (metric) => !prometheusNames(metric).some((name) => expressions.some((expr) => expr.includes(name))),
    );

    expect(unused.map(([name]) => name)).toEqual([]);
  });

  it('have distinct panels and a complete rule for each alert', () => {
    const rules = alerts.split(/^ +- alert: /m).slice(1);

    expect(new Set(dashboard.panels.map(({ id }) => id)).size).toBe(dashboard.panels.length);
    expect(rules.length).toBeGreaterThan(3);
    for (const rule of rules) expect(rule).toMatch(/expr: .+[^]*severity: [^]*summary: /);
  });

  it('name only attributes in labels and legends', () => {
    const named = [...JSON.stringify(dashboard).matchAll(/\{\{(\w+)\}\}/g), ...alerts.matchAll(/\$labels\.(\w+)/g)];

    expect(named.length).toBeGreaterThan(5);
    expect(named.map(([, name]) => name!).filter((name) => !labels.has(name))).toEqual([]);
  });
});
