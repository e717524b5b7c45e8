// The process of LanguageHost. These two must be imported first.
import "../stack-traces";
import "./unneeded-libraries";

import type { Server as Listener } from "node:net";
import { Server, ServerCredentials, type ServerUnaryCall, type sendUnaryData } from "@grpc/grpc-js";
import * as pulumi from "@pulumi/pulumi";
import { LanguageRuntimeService } from "@pulumi/pulumi/proto/language_grpc_pb";
import { type RunRequest, RunResponse } from "@pulumi/pulumi/proto/language_pb";

// What Pulumi's Automation API runs a program in, which belongs to the program that starts the engine
// (sdk/nodejs/automation/server.ts in pulumi/pulumi). Its declaration says nothing of it.
const { LanguageServer } = require("@pulumi/pulumi/automation/server") as {
  LanguageServer: new (
    program: () => Promise<object>,
  ) => {
    run(call: Call, callback: sendUnaryData<RunResponse>): void;
    getPluginInfo(call: unknown, callback: unknown): void;
    getRequiredPlugins(call: unknown, callback: unknown): void;
  };
};
type Call = ServerUnaryCall<RunRequest, RunResponse>;

// The engine starts, and its plugins, while the program is loaded.
const server = new Server({ "grpc.max_receive_message_length": -1 });
const language = new LanguageServer(async () => {
  const { program } = require("../program") as typeof import("../program");
  try {
    return await program(JSON.parse(process.argv[2] ?? "{}"));
  } catch (error) {
    await pulumi.log.error(textOf(error));
    throw error;
  }
});

/** As Pulumi's own runner prints it (sdk/nodejs/cmd/run/run.ts in pulumi/pulumi): without a stack trace when it is for people. */
function textOf(error: unknown): string {
  if (pulumi.RunError.isInstance(error)) return error.message;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

/** Everything that goes wrong is in the log by then, so the engine is only told to stop. */
function run(call: Call, callback: sendUnaryData<RunResponse>): void {
  let isAnswered = false;
  language.run(call, (error) => {
    // The language server answers a failed run twice.
    if (isAnswered) return;
    isAnswered = true;
    callback(null, new RunResponse().setBail(error !== null && error !== undefined));
  });
}

server.addService(LanguageRuntimeService, {
  run,
  getPluginInfo: language.getPluginInfo.bind(language),
  getRequiredPlugins: language.getRequiredPlugins.bind(language),
});
const connections = server.createConnectionInjector(ServerCredentials.createInsecure());
process.once("message", (_, listener: Listener) => {
  listener.on("connection", (socket) => connections.injectConnection(socket));
  require("../program");
});
// The command has ended, in whatever way.
process.on("disconnect", () => process.exit());
