import { isDeepStrictEqual } from "node:util";
import * as grpc from "@grpc/grpc-js";
import { PluginInfo } from "@pulumi/pulumi/proto/plugin_pb";
import { ResourceProviderService } from "@pulumi/pulumi/proto/provider_grpc_pb";
import * as messages from "@pulumi/pulumi/proto/provider_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import { Struct } from "google-protobuf/google/protobuf/struct_pb";

/** A resource's inputs or outputs. */
export type Properties = Readonly<Record<string, unknown>>;

/** What a stand-in does with one type of resource. Errors are shown to the person by their message. */
export interface ResourceKind {
  /** What is wrong with the inputs, in words, or `undefined`. */
  check?(inputs: Properties): string | undefined;
  /** The top-level inputs, or paths such as `metadata.name`, whose change means another resource. */
  readonly replaceOn: readonly string[];
  create(inputs: Properties): Promise<{ readonly id: string; readonly outputs: Properties }>;
  update(id: string, inputs: Properties): Promise<Properties>;
  /** The outputs of what is there now, or `undefined` when it is gone. */
  read(id: string, outputs: Properties): Promise<Properties | undefined>;
  /** The inputs as they would be to make what is there now. Without it, what somebody else changed is not noticed. */
  inputsOf?(outputs: Properties, inputs: Properties): Properties;
  delete(id: string, outputs: Properties): Promise<void>;
}

/** A stand-in for a Pulumi provider plugin. */
export interface StandIn {
  readonly name: string;
  readonly version: string;
  configure(configuration: Properties): void;
  /** By type token, such as `kubernetes:core/v1:Namespace`. */
  kind(type: string): ResourceKind | undefined;
}

/**
 * Serves a stand-in the way the engine expects of a plugin: a gRPC server on a loopback port, which is printed first
 * (https://github.com/pulumi/pulumi/blob/master/proto/pulumi/provider.proto).
 */
export function serve(standIn: StandIn): void {
  const server = new grpc.Server({ "grpc.max_receive_message_length": 400 * 1024 * 1024 });
  server.addService(ResourceProviderService, implementation(standIn));
  server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, port) => {
    if (error) throw error;
    console.log(String(port));
  });
}

type Handler<Request, Response> = (request: Request) => Promise<Response> | Response;

function unary<Request, Response>(handler: Handler<Request, Response>): grpc.handleUnaryCall<Request, Response> {
  return (call, callback) => {
    Promise.resolve()
      .then(() => handler(call.request))
      .then((response) => callback(null, response))
      .catch((error: unknown) => {
        callback({ code: grpc.status.UNKNOWN, details: error instanceof Error ? error.message : String(error) });
      });
  };
}

/** A kind that can be previewed, since that takes no more than its inputs, and nothing else. */
function unknownKind(message: string): ResourceKind {
  const refuse = () => Promise.reject(new Error(message));
  return { replaceOn: [], create: refuse, update: refuse, read: refuse, delete: refuse };
}

function implementation(standIn: StandIn): grpc.UntypedServiceImplementation {
  const kindOf = (urn: string): ResourceKind => {
    const type = urn.split("::")[2]?.split("$").at(-1) ?? "";
    return standIn.kind(type) ?? unknownKind(`the stand-in for the ${standIn.name} plugin does not know ${type}`);
  };
  return {
    getPluginInfo: unary(() => new PluginInfo().setVersion(standIn.version)),
    getSchema: unary(() => new messages.GetSchemaResponse().setSchema("{}")),
    attach: unary(() => new Empty()),
    cancel: unary(() => new Empty()),
    checkConfig: unary((request: messages.CheckRequest) =>
      new messages.CheckResponse().setInputs(request.getNews() ?? new Struct()),
    ),
    diffConfig: unary((request: messages.DiffRequest) => difference(request, [])),
    configure: unary((request: messages.ConfigureRequest) => {
      const configuration = Object.entries(fromStruct(request.getArgs()));
      standIn.configure(Object.fromEntries(configuration.map(([key, value]) => [key, revealed(value)])));
      return new messages.ConfigureResponse().setSupportspreview(true);
    }),
    check: unary((request: messages.CheckRequest) => {
      const response = new messages.CheckResponse().setInputs(request.getNews() ?? new Struct());
      const reason = kindOf(request.getUrn()).check?.(fromStruct(request.getNews()));
      if (reason !== undefined) response.addFailures(new messages.CheckFailure().setReason(reason));
      return response;
    }),
    diff: unary((request: messages.DiffRequest) => difference(request, kindOf(request.getUrn()).replaceOn)),
    create: unary(async (request: messages.CreateRequest) => {
      const inputs = fromStruct(request.getProperties());
      if (request.getPreview()) return new messages.CreateResponse().setProperties(toStruct(inputs));
      const { id, outputs } = await kindOf(request.getUrn()).create(inputs);
      return new messages.CreateResponse().setId(id).setProperties(toStruct(outputs));
    }),
    update: unary(async (request: messages.UpdateRequest) => {
      const inputs = fromStruct(request.getNews());
      const outputs = request.getPreview() ? inputs : await kindOf(request.getUrn()).update(request.getId(), inputs);
      return new messages.UpdateResponse().setProperties(toStruct(outputs));
    }),
    read: unary(async (request: messages.ReadRequest) => {
      const kind = kindOf(request.getUrn());
      const outputs = await kind.read(request.getId(), fromStruct(request.getProperties()));
      const response = new messages.ReadResponse();
      if (outputs === undefined) return response;
      const before = fromStruct(request.getInputs());
      return response
        .setId(request.getId())
        .setProperties(toStruct(outputs))
        .setInputs(toStruct(kind.inputsOf?.(outputs, before) ?? before));
    }),
    delete: unary(async (request: messages.DeleteRequest) => {
      await kindOf(request.getUrn()).delete(request.getId(), fromStruct(request.getProperties()));
      return new Empty();
    }),
  };
}

/** Compares the inputs of the last run with those of this one. What changed outside of Pulumi is not looked at. */
function difference(request: messages.DiffRequest, replaceOn: readonly string[]): messages.DiffResponse {
  const before = fromStruct(request.getOldInputs());
  const after = fromStruct(request.getNews());
  const changed = [...new Set([...Object.keys(before), ...Object.keys(after)])].filter(
    (key) => !key.startsWith("__") && !isDeepStrictEqual(before[key], after[key]),
  );
  const { DiffChanges } = messages.DiffResponse;
  return new messages.DiffResponse()
    .setChanges(changed.length > 0 ? DiffChanges.DIFF_SOME : DiffChanges.DIFF_NONE)
    .setDiffsList(changed)
    .setReplacesList(replaceOn.filter((path) => !isDeepStrictEqual(at(before, path), at(after, path))))
    .setDeletebeforereplace(replaceOn.length > 0);
}

// How a secret is marked on the wire (sdk/go/common/resource/sig/sig.go in pulumi/pulumi).
const SIGNATURE = "4dabf18193072939515e22adb298388d";
const SECRET = "1b47061264138c4ac30d75fd1eb44270";

/** A configuration value without the mark of a secret, which is on it whatever a plugin says of itself. */
function revealed(value: unknown): unknown {
  return at(value, SIGNATURE) === SECRET ? at(value, "value") : value;
}

/** The value at a path of plain names, such as `metadata.name`. */
export function at(value: unknown, path: string): unknown {
  return path
    .split(".")
    .reduce<unknown>(
      (inner, key) => (typeof inner === "object" && inner !== null ? Reflect.get(inner, key) : undefined),
      value,
    );
}

/** A string that has to be there. */
export function text(value: unknown, path: string): string {
  const found = at(value, path);
  if (typeof found !== "string") throw new Error(`${path} is missing`);
  return found;
}

function fromStruct(struct: Struct | undefined): Properties {
  return (struct?.toJavaScript() ?? {}) as Properties;
}

function toStruct(properties: Properties): Struct {
  // Through JSON, so that what a client library returned (dates, undefined) becomes what a Struct can hold.
  return Struct.fromJavaScript(JSON.parse(JSON.stringify(properties)));
}
