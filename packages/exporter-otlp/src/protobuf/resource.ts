import type { Resource, Scope } from '@oc/core/exporter';
import { attributesOf } from '../model.ts';
import { writeAttributes } from './attributes.ts';
import { delimited, type ProtobufWriter } from './writer.ts';

const RESOURCE = { attributes: delimited(1) };
const SCOPE = { name: delimited(1), version: delimited(2) };

/** A field of a `Resource`. */
export function writeResource(writer: ProtobufWriter, tag: number, resource: Resource): void {
  const start = writer.open(tag, 2);
  writeAttributes(writer, RESOURCE.attributes, attributesOf(resource));
  writer.close(start, 2);
}

/** A field of an `InstrumentationScope`. */
export function writeScope(writer: ProtobufWriter, tag: number, { name, version }: Scope): void {
  const start = writer.open(tag);
  writer.string(SCOPE.name, name);
  if (version) writer.string(SCOPE.version, version);
  writer.close(start);
}
