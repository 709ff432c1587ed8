import { checkExporter } from '@oc/testkit';
import { pullCheck } from './pull-check.ts';

checkExporter(pullCheck);
