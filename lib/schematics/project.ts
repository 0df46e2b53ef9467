import { posix } from 'node:path';
import { CannotWire, readJson, type SchematicTree } from './tree.js';

/** Which app of the workspace is wired. */
export interface ProjectChoice {
  readonly project?: string | undefined;
  readonly sourceRoot?: string | undefined;
}

/** An app of the workspace. */
export interface Project {
  readonly sourceRoot: string;
  /** Path of the file that starts the app. */
  readonly entry: string;
}

interface Settings {
  readonly type?: string;
  readonly sourceRoot?: string;
  readonly entryFile?: string;
}

interface NestConfiguration extends Settings {
  readonly projects?: Readonly<Record<string, Settings>>;
}

/** Names that the Nest CLI reads, in its order. */
const CONFIGURATIONS = ['nest-cli.json', '.nestcli.json', '.nest-cli.json', 'nest.json'];

/** @throws CannotWire if the project, or the file that starts it, does not exist */
export function projectOf(tree: SchematicTree, choice: ProjectChoice): Project {
  const file = CONFIGURATIONS.find((name) => tree.exists(name));
  const configuration = (file && readJson<NestConfiguration>(tree, file)) || {};
  const settings = settingsOf(configuration, choice);
  const sourceRoot = clean(settings.sourceRoot ?? choice.sourceRoot ?? configuration.sourceRoot ?? 'src');
  const name = (settings.entryFile ?? configuration.entryFile ?? 'main').replace(/\.[cm]?[jt]s$/, '');
  const candidates = [`${sourceRoot}/${name}.ts`, `${clean(name)}.ts`];
  const entry = candidates.find((path) => tree.exists(path));
  if (entry === undefined) {
    throw new CannotWire(`${candidates[0]} does not exist. Set sourceRoot and entryFile in nest-cli.json.`);
  }
  return { sourceRoot, entry };
}

function settingsOf(configuration: NestConfiguration, { project, sourceRoot }: ProjectChoice): Settings {
  const projects = Object.entries(configuration.projects ?? {});
  const chosen = project
    ? projects.find(([name]) => name === project)
    : projects.find(
        ([, { sourceRoot: root }]) => root !== undefined && sourceRoot && clean(root) === clean(sourceRoot),
      );
  if (project && !chosen) {
    const names = projects.map(([name]) => name).join(', ') || 'none';
    throw new CannotWire(`nest-cli.json has no project "${project}". Its projects: ${names}.`);
  }
  const [name, settings] = chosen ?? ['', configuration];
  if (settings.type === 'library') {
    throw new CannotWire(`"${name}" is a library. Name the app that receives the webhooks with --project.`);
  }
  return settings;
}

function clean(path: string): string {
  return posix.normalize(path.replaceAll('\\', '/')).replace(/^\/|\/$/g, '');
}
