import { same } from '../claim.ts';
import type { ExporterCheck } from '../conformance.ts';
import type { Lab } from '../lab.ts';
import type { Row } from '../row.ts';
import type { ReceivedRequest } from '../servers/http.ts';

const SERVICE = 'testkit-shop';

function appliesTo({ receiver }: ExporterCheck): true | string {
  if (receiver.transport !== 'http') return 'it sends no requests over HTTP';
  return (
    (receiver.request ?? receiver.service) !== undefined || 'neither `request` nor `service` says how requests look'
  );
}

/** Claims what the author says of each request. */
function claimShape({ receiver, signal }: Lab, { method, path, headers }: ReceivedRequest): void {
  const { request = {} } = receiver;
  const wanted = typeof request.path === 'object' ? request.path[signal] : request.path;
  if (request.method !== undefined) same('the method', method, request.method);
  if (wanted !== undefined) same('the path', wanted.includes('?') ? path : path.split('?', 1)[0], wanted);
  if (request.contentType !== undefined) {
    same('the content type', headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase(), request.contentType);
  }
}

/** What other rows take for granted: they read items, however these come. */
export const REQUEST: readonly Row[] = [
  {
    id: 'request',
    title: 'comes with the method, path and content type that the backend knows, and says whose items they are',
    signals: 'each',
    applies: appliesTo,
    async run(lab) {
      const backend = await lab.http();
      const subject = lab.open(backend, { service: SERVICE });
      const ids = subject.send(2);
      await lab.settled(subject);
      for (const arrival of backend.server.arrivals) {
        claimShape(lab, arrival);
        const { service } = lab.receiver;
        if (service) same('the service that it names', service(arrival), SERVICE);
      }
      lab.accountIs(subject, ids.length);
    },
  },
];
