// Must be imported first.
import "./stack-traces";

import { program } from "./program";

// Pulumi runs this file, and calls what it exports. The result is the stack's outputs.
export = () => program();
