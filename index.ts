// Must be imported first.
import "./stack-traces";

import { program } from "./program";

// Pulumi runs this file. What it exports are the stack's outputs.
export const { maintenance, bucketAddress, helmValues, tutorSettings } = program();
