import { LocalWorkspace } from "@pulumi/pulumi/automation";

// Enables maintenance of acme, with a preview first, through Pulumi's Automation API: Pulumi's own way to drive the engine from a
// program, and how the command began. Arguments: the project's folder, and the stack.

async function main([workDir = "", stackName = ""]: readonly string[]): Promise<void> {
  const stack = await LocalWorkspace.selectStack({ workDir, stackName });
  await stack.setConfig("maintenance", { value: '["acme"]' });
  await stack.preview();
  await stack.up();
}

main(process.argv.slice(2)).catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
