import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { homedir, tmpdir } from 'node:os';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';

// The rules of this repository. Each claim lists its offenders, so that a failure says what to mend.

const ROOT = fileURLToPath(new URL('../', import.meta.url));

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly private?: boolean;
  readonly description?: string;
  readonly type?: string;
  readonly license?: string;
  readonly exports?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly files?: readonly string[];
  readonly sideEffects?: unknown;
  readonly engines?: unknown;
  readonly publishConfig?: unknown;
  readonly scripts?: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly bundleDependencies?: unknown;
}

interface Package {
  readonly folder: string;
  readonly manifest: Manifest;
  /** Paths of its sources from the root. */
  readonly sources: readonly string[];
}

const PACKAGES: readonly Package[] = readdirSync(join(ROOT, 'packages')).map((folder) => ({
  folder,
  manifest: read(`packages/${folder}/package.json`),
  sources: filesBelow(`packages/${folder}/src`).filter((path) => path.endsWith('.ts')),
}));
const CORE = packageOf('core');
const EXPORTERS = PACKAGES.filter(({ folder }) => folder.startsWith('exporter-'));
const NAMES = new Set(PACKAGES.map(({ manifest }) => manifest.name));

function read<T>(path: string): T {
  return JSON.parse(readFileSync(join(ROOT, path), 'utf8')) as T;
}

function packageOf(folder: string): Package {
  const found = PACKAGES.find((each) => each.folder === folder);
  if (!found) throw new Error(`there is no packages/${folder}`);
  return found;
}

function filesBelow(path: string): string[] {
  if (!existsSync(join(ROOT, path))) return [];
  return readdirSync(join(ROOT, path), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(ROOT, join(entry.parentPath, entry.name)).replaceAll(sep, '/'));
}

/** The files that are committed, and those that would be by adding all. */
function committed(): string[] {
  const list = ['ls-files', '--cached', '--others', '--exclude-standard', '-z'];
  const paths = execFileSync('git', list, { cwd: ROOT, encoding: 'utf8' }).split('\0');
  return paths.filter((path) => path !== '' && existsSync(join(ROOT, path)));
}

interface Import {
  readonly file: string;
  readonly specifier: string;
  /** 'type' leaves no trace in the program; 'later' is loaded when it is reached. */
  readonly when: 'type' | 'start' | 'later';
}

function importsOf(file: string): Import[] {
  const found: Import[] = [];
  const source = ts.createSourceFile(file, readFileSync(join(ROOT, file), 'utf8'), ts.ScriptTarget.ESNext, true);
  const add = (specifier: ts.Expression | undefined, when: Import['when']): void => {
    if (specifier && ts.isStringLiteralLike(specifier)) found.push({ file, specifier: specifier.text, when });
  };
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) add(node.moduleSpecifier, isOfTypes(node) ? 'type' : 'start');
    if (ts.isExportDeclaration(node)) add(node.moduleSpecifier, node.isTypeOnly ? 'type' : 'start');
    if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword)
      add(node.arguments[0], 'later');
    if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) {
      add(node.argument.literal as ts.StringLiteral, 'type');
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

function isOfTypes({ importClause }: ts.ImportDeclaration): boolean {
  return importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword;
}

const major = (version: string): string => version.split('.')[0] ?? '';

describe('core', () => {
  it('has no dependencies of any kind', () => {
    const { dependencies, devDependencies, peerDependencies, optionalDependencies, bundleDependencies } = CORE.manifest;
    expect({ dependencies, devDependencies, peerDependencies, optionalDependencies, bundleDependencies }).toEqual({});
  });

  it('imports its own files and modules of Node, nothing else', () => {
    const others = CORE.sources
      .flatMap(importsOf)
      .filter(({ specifier }) => !specifier.startsWith('.') && !isBuiltin(specifier));
    expect(others).toEqual([]);
  });

  it('loads neither HTTP, TLS, crypto nor files at its start: they cost time in every program', () => {
    const slow = /^node:(http|https|http2|tls|net|dns|crypto|fs|child_process|worker_threads|zlib|stream)\b/;
    const early = CORE.sources
      .flatMap(importsOf)
      .filter(({ specifier, when }) => when === 'start' && slow.test(specifier));
    expect(early).toEqual([]);
  });
});

function isBuiltin(specifier: string): boolean {
  return specifier.startsWith('node:') && builtinModules.includes(specifier.slice('node:'.length));
}

describe.each(EXPORTERS)('$folder', ({ folder, manifest }) => {
  const onCore = `^${major(CORE.manifest.version)}.0.0`;

  it(`has core as its peer, ${onCore}, and to develop with, never as a dependency`, () => {
    const { dependencies = {}, devDependencies = {}, peerDependencies = {} } = manifest;
    const name = CORE.manifest.name;
    expect({ peer: peerDependencies[name], toDevelop: devDependencies[name], own: dependencies[name] }).toEqual({
      peer: onCore,
      toDevelop: onCore,
      own: undefined,
    });
  });

  it('depends on no other exporter', () => {
    const { dependencies, devDependencies, peerDependencies, optionalDependencies } = manifest;
    const all = Object.keys({ ...dependencies, ...devDependencies, ...peerDependencies, ...optionalDependencies });
    expect(all.filter((name) => EXPORTERS.some((exporter) => exporter.manifest.name === name))).toEqual([]);
  });

  it('has a README.md of at most 60 lines', () => {
    const path = join(ROOT, 'packages', folder, 'README.md');
    const lines = existsSync(path) ? readFileSync(path, 'utf8').trimEnd().split('\n').length : 'none';
    expect(lines).toSatisfy((count) => count <= 60, 'at most 60 lines');
  });

  it('has a doc comment on every option', () => {
    const options = exportedNames(`packages/${folder}/src/index.ts`).filter(({ name }) => name.endsWith('Options'));
    expect(options.map(({ name }) => name)).not.toEqual([]);
    expect(options.flatMap(({ members }) => members.filter(({ doc }) => doc === ''))).toEqual([]);
  });
});

describe.each(PACKAGES)('package.json of $folder', ({ folder, manifest }) => {
  it('says what the others say', () => {
    const { type, license, sideEffects, engines, publishConfig, files } = manifest;
    expect({ type, license, sideEffects, engines, publishConfig, files }).toEqual({
      type: 'module',
      license: 'Apache-2.0',
      sideEffects: false,
      engines: { node: '^20.19.0 || >=22.12.0' },
      publishConfig: { access: 'public' },
      files: expect.arrayContaining(['dist']),
    });
    expect(manifest.description).toMatch(/^[A-Z].*\.$/);
  });

  it('is named like its folder and builds and checks like the others', () => {
    expect(manifest.name).toBe(`@oc/${folder}`);
    expect(manifest.scripts).toMatchObject(CORE.manifest.scripts ?? {});
  });

  it('exports types, then default, both of dist, and the entry point of the package itself', () => {
    expect(Object.keys(manifest.exports ?? {})).toContain('.');
    const wrong = Object.entries(manifest.exports ?? {}).filter(([, target]) => {
      const [types = '', code = ''] = Object.values(target);
      const isShape = Object.keys(target).join() === 'types,default';
      return !(isShape && /^\.\/dist\/.+\.js$/.test(code) && types === code.replace(/\.js$/, '.d.ts'));
    });
    expect(wrong).toEqual([]);
  });

  it('names other packages of the workspace as peers or to develop with, never as dependencies', () => {
    const { dependencies = {}, optionalDependencies = {} } = manifest;
    expect(Object.keys({ ...dependencies, ...optionalDependencies }).filter((name) => NAMES.has(name))).toEqual([]);
  });

  it('asks of other packages a version that the workspace has', () => {
    const { peerDependencies, devDependencies } = manifest;
    const wrong = [peerDependencies, devDependencies].flatMap((asked) =>
      Object.entries(asked ?? {}).filter(([name, range]) => {
        const there = PACKAGES.find((each) => each.manifest.name === name)?.manifest.version;
        return there !== undefined && range !== `^${major(there)}.0.0`;
      }),
    );
    expect(wrong).toEqual([]);
  });

  it('stands beside a README.md, the LICENSE of the root and a tsconfig.json', () => {
    const textOf = (path: string): string =>
      existsSync(join(ROOT, path)) ? readFileSync(join(ROOT, path), 'utf8') : '';
    expect(textOf(`packages/${folder}/README.md`)).toMatch(new RegExp(`^# ${manifest.name}\n`));
    expect(textOf(`packages/${folder}/LICENSE`)).toBe(textOf('LICENSE'));
    expect(textOf(`packages/${folder}/tsconfig.json`)).not.toBe('');
  });

  it('is built: tools/tsconfig.json refers to it, and its own to each package that it imports', () => {
    const tools = read<{ references: { path: string }[] }>('tools/tsconfig.json');
    expect(tools.references.map(({ path }) => path)).toContain(`../packages/${folder}`);
    const own = read<{ extends: string; references?: { path: string }[] }>(`packages/${folder}/tsconfig.json`);
    expect(own.extends).toBe('../../tsconfig.base.json');
    const asked = Object.keys({ ...manifest.peerDependencies, ...manifest.devDependencies }).filter((name) =>
      NAMES.has(name),
    );
    const referred = (own.references ?? []).map(({ path }) => `@oc/${basename(path)}`);
    expect(referred.sort()).toEqual(asked.sort());
  });
});

describe.each(PACKAGES)('sources of $folder', ({ folder, manifest, sources }) => {
  const imports = sources.flatMap(importsOf);

  it('are there', () => {
    expect(sources).toContain(`packages/${folder}/src/index.ts`);
  });

  it("import no other package's inside", () => {
    const inside = imports.filter(({ file, specifier }) => {
      if (specifier.startsWith('.')) {
        const target = relative(join(ROOT, 'packages', folder, 'src'), resolve(ROOT, dirname(file), specifier));
        return target.startsWith('..');
      }
      const other = PACKAGES.find((each) => `${specifier}/`.startsWith(`${each.manifest.name}/`));
      return other && !Object.hasOwn(other.manifest.exports ?? {}, `.${specifier.slice(other.manifest.name.length)}`);
    });
    expect(inside).toEqual([]);
  });

  it('import only what package.json declares', () => {
    const { dependencies, peerDependencies } = manifest;
    const declared = Object.keys({ ...dependencies, ...peerDependencies, [manifest.name]: '' });
    const undeclared = imports.filter(({ specifier }) => {
      if (specifier.startsWith('.') || isBuiltin(specifier)) return false;
      return !declared.some((name) => `${specifier}/`.startsWith(`${name}/`));
    });
    expect(undeclared).toEqual([]);
  });

  it('import by names with an extension, and types as types', () => {
    expect(imports.filter(({ specifier }) => /^\.\.?\//.test(specifier) && !specifier.endsWith('.ts'))).toEqual([]);
  });

  it('are files named like things of the domain', () => {
    const vague = /^(utils?|helpers?|common|misc|types?|shared|lib|stuff|base)\b/i;
    expect(
      sources.filter((path) => vague.test(basename(path)) || /\/(utils?|helpers?|common|misc)\//.test(path)),
    ).toEqual([]);
  });

  it('export names, never a default', () => {
    const defaults = sources.filter((path) =>
      /^export default\b|\bas default\b/m.test(readFileSync(join(ROOT, path), 'utf8')),
    );
    expect(defaults).toEqual([]);
  });

  it('need no word with the compiler or an enum', () => {
    const words = /@ts-(ignore|nocheck|expect-error)|:\s*any\b|\bas any\b|^\s*(export )?(const )?enum /m;
    expect(sources.filter((path) => words.test(readFileSync(join(ROOT, path), 'utf8')))).toEqual([]);
  });

  it('have a doc comment on every name that the entry points export', () => {
    const entries = Object.values(manifest.exports ?? {}).map(({ default: code = '' }) =>
      code.replace('./dist/', `packages/${folder}/src/`).replace(/\.js$/, '.ts'),
    );
    const names = entries.flatMap((entry) => exportedNames(entry).map((each) => ({ entry, ...each })));
    expect(names.length).toBeGreaterThan(0);
    expect(names.filter(({ doc }) => doc === '').map(({ entry, name }) => `${entry}: ${name}`)).toEqual([]);
  });
});

interface Documented {
  readonly name: string;
  readonly doc: string;
}

let checked: ts.Program | undefined;

/** What an entry point exports, with the text of each doc comment and, of types, the members. */
function exportedNames(entry: string): (Documented & { readonly members: readonly Documented[] })[] {
  checked ??= ts.createProgram(
    PACKAGES.flatMap(({ sources }) => sources.map((path) => join(ROOT, path))),
    {
      target: ts.ScriptTarget.ES2023,
      module: ts.ModuleKind.NodeNext,
      strict: true,
      noEmit: true,
      allowImportingTsExtensions: true,
      types: ['node'],
    },
  );
  const checker = checked.getTypeChecker();
  const source = checked.getSourceFile(join(ROOT, entry));
  const module = source && checker.getSymbolAtLocation(source);
  if (!module) throw new Error(`${entry} is no module`);
  const docOf = (symbol: ts.Symbol): string => ts.displayPartsToString(symbol.getDocumentationComment(checker));
  return checker.getExportsOfModule(module).map((exported) => {
    const symbol = exported.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported;
    const isType = symbol.flags & (ts.SymbolFlags.Interface | ts.SymbolFlags.TypeAlias);
    const members = isType ? checker.getPropertiesOfType(checker.getDeclaredTypeOfSymbol(symbol)) : [];
    return {
      name: exported.name,
      doc: docOf(symbol),
      members: members.map((member) => ({ name: `${exported.name}.${member.name}`, doc: docOf(member) })),
    };
  });
}

describe('the repository', () => {
  it('publishes from clean folders: a file whose source is gone must not be packed', () => {
    const { scripts } = read<{ scripts: Record<string, string> }>('package.json');
    expect(scripts.release).toMatch(/setup\.mjs --clean --build && changeset publish$/);
  });

  it('has no address of a download in its lock file', () => {
    const { packages } = read<{ packages: Record<string, { resolved?: string }> }>('package-lock.json');
    const resolved = Object.entries(packages).filter(([, { resolved: from }]) => from !== undefined && /:/.test(from));
    expect(resolved).toEqual([]);
  });

  it('names no path of this machine and no registry in its files', (ctx) => {
    if (!existsSync(join(ROOT, '.git'))) ctx.skip('this is no checkout of git, which knows the files');
    // Written so that this file does not name what it looks for.
    const places = [ROOT.slice(0, -1), homedir(), tmpdir()].filter((path) => path.length > 1);
    const escaped = places.map((path) => path.replace(/[^\w]/g, '\\$&'));
    const local = new RegExp(
      `(?<![\\w.:/-])((${escaped.join('|')})(?![\\w-])|/(home|Users)/[\\w.-]+/|[A-Z]:\\\\Users\\\\)`,
    );
    const registry = /https?:\/\/[\w.-]*\b(registry|repo\d*)\.[\w.-]+|\bregistry\.(npm|yarn)\w+\.\w+/;
    const offenders = committed()
      .filter((path) => !/\.(png|ico|gz|tgz|bin|jar|woff2?)$/.test(path))
      .flatMap((path) =>
        readFileSync(join(ROOT, path), 'utf8')
          .split('\n')
          .map((line, at) => ({ path: `${path}:${at + 1}`, line }))
          .filter(({ line }) => local.test(line) || registry.test(line)),
      );
    expect(offenders).toEqual([]);
  });
});
