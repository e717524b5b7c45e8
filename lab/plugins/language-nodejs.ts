import { spawn } from "node:child_process";
import { join } from "node:path";
import * as grpc from "@grpc/grpc-js";
import { version } from "@pulumi/pulumi/package.json";
import { LanguageRuntimeService } from "@pulumi/pulumi/proto/language_grpc_pb";
import * as messages from "@pulumi/pulumi/proto/language_pb";
import { PluginInfo } from "@pulumi/pulumi/proto/plugin_pb";

// A stand-in for pulumi-language-nodejs, for machines that can't have the official one. It starts the program as the
// official one does (sdk/nodejs/cmd/pulumi-language-nodejs/main.go in pulumi/pulumi): Node on @pulumi/pulumi's own
// cmd/run, which compiles the TypeScript. It installs no packages and knows no debugger.

/** The exit code with which cmd/run says that it has told the person all there is to tell. */
const TOLD_ALREADY = 32;

// Given by the engine as the last argument: its own address, to which the program's log goes.
const engine = process.argv.filter((argument) => !argument.startsWith("-")).at(-1) ?? "";

function run(request: messages.RunRequest): Promise<messages.RunResponse> {
  const info = request.getInfo();
  const folder = info?.getProgramDirectory() ?? request.getPwd();
  const options = (info?.getOptions()?.toJavaScript() ?? {}) as {
    readonly tsconfig?: string;
    readonly nodeargs?: string;
  };
  const config = Object.fromEntries(
    request
      .getConfigMap()
      .toArray()
      .map(([key, value]) => [key.replace(/:(?:config:)?/, ":config:"), value]),
  );
  const program = spawn(
    process.execPath,
    [
      ...(options.nodeargs?.split(/\s+/) ?? []),
      join(folder, "node_modules", "@pulumi", "pulumi", "cmd", "run"),
      ...["--monitor", request.getMonitorAddress(), "--engine", engine],
      ...[
        "--organization",
        request.getOrganization(),
        "--project",
        request.getProject(),
        "--stack",
        request.getStack(),
      ],
      ...["--pwd", folder, "--parallel", String(request.getParallel())],
      ...(request.getDryrun() ? ["--dry-run"] : []),
      info?.getEntryPoint() ?? ".",
      ...request.getArgsList(),
    ],
    {
      cwd: folder,
      stdio: ["ignore", "inherit", "inherit"],
      env: {
        ...process.env,
        PULUMI_CONFIG: JSON.stringify(config),
        PULUMI_CONFIG_SECRET_KEYS: JSON.stringify(request.getConfigsecretkeysList()),
        PULUMI_NODEJS_TYPESCRIPT: "true",
        ...(options.tsconfig === undefined ? {} : { PULUMI_NODEJS_TSCONFIG_PATH: options.tsconfig }),
      },
    },
  );
  return new Promise((resolve, reject) => {
    program.on("error", reject);
    program.on("exit", (code) => {
      if (code === 0) resolve(new messages.RunResponse());
      else if (code === TOLD_ALREADY) resolve(new messages.RunResponse().setBail(true));
      else resolve(new messages.RunResponse().setError(`Program exited with non-zero exit code: ${code}`));
    });
  });
}

function unary<Request, Response>(handler: (request: Request) => Response | Promise<Response>) {
  return (call: grpc.ServerUnaryCall<Request, Response>, callback: grpc.sendUnaryData<Response>) => {
    Promise.resolve()
      .then(() => handler(call.request))
      .then((response) => callback(null, response))
      .catch((error: unknown) => callback({ code: grpc.status.UNKNOWN, details: String(error) }));
  };
}

const server = new grpc.Server();
server.addService(LanguageRuntimeService, {
  getPluginInfo: unary(() => new PluginInfo().setVersion(version)),
  // None are asked for beforehand: the engine loads each plugin when the first resource needs it.
  getRequiredPlugins: unary(() => new messages.GetRequiredPluginsResponse()),
  getRequiredPackages: unary(() => new messages.GetRequiredPackagesResponse()),
  getProgramDependencies: unary(() => new messages.GetProgramDependenciesResponse()),
  about: unary(() => new messages.AboutResponse().setExecutable(process.execPath).setVersion(process.version)),
  run: unary(run),
});
server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, port) => {
  if (error) throw error;
  console.log(String(port));
});
