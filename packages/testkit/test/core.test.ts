import { checkExporter } from '@oc/testkit';
import { check } from './check.ts';

// Core itself, in front of an exporter that is as simple as they come.
checkExporter(check);
