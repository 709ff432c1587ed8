import type { JsonWriter, Resource, Scope } from '@oc/core/exporter';
import { attributesOf } from '../model.ts';
import { writeAttributes } from './attributes.ts';

/** A `Resource`. */
export function writeResource(writer: JsonWriter, resource: Resource): void {
  writer.text('{"attributes":');
  writeAttributes(writer, attributesOf(resource));
  writer.text('}');
}

/** An `InstrumentationScope`. */
export function writeScope(writer: JsonWriter, { name, version }: Scope): void {
  writer.text('{"name":');
  writer.string(name);
  if (version) {
    writer.text(',"version":');
    writer.string(version);
  }
  writer.text('}');
}
