import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { readOrigin } from '../src/process.ts';

/** A folder that looks like the root of a container's files. */
function root(files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'container-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(join(folder, dirname(path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  }
  return folder;
}

const id = '3726184226f5d3147c25fdeab5b60097e378e8a720503a5e19ecfdf29f869860';
const version = expect.stringMatching(/^\d+\.\d+\.\d+/);

it.each([
  ['Docker', `12:pids:/docker/${id}\n0::/system.slice\n`, id],
  ['Kubernetes', `1:name=systemd:/kubepods.slice/kubepods-pod3d274242.slice/docker-${id}.scope\n`, id],
  [
    'ECS on Fargate',
    '1:cpu:/ecs/55091c13/432624d2150b349fe35ba397284dea78-2594410\n',
    '432624d2150b349fe35ba397284dea78-2594410',
  ],
  ['Fargate', '1:cpu:/34dc0b5e-626f-2c5c-4c51-70e34b10e765\n', '34dc0b5e-626f-2c5c-4c51-70e34b10e765'],
])('the container is found in the control groups of %s', async (_, groups, container) => {
  const origin = await readOrigin(root({ 'proc/self/cgroup': groups }));
  expect(origin).toEqual({ version, container, entity: `ci-${container}` });
});

it('a container that sees nothing of its id is known by the inode of its control group', async () => {
  const folder = root({ 'proc/self/cgroup': '0::/\n', 'proc/self/ns/cgroup': '', 'sys/fs/cgroup/x': '' });
  const { ino } = statSync(join(folder, 'sys/fs/cgroup'));
  expect(await readOrigin(folder)).toEqual({ version, entity: `in-${ino}` });
});

it('where there are no such files nothing is told', async () => {
  expect(await readOrigin(root({}))).toEqual({ version });
});
