import { createHash } from "node:crypto";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { runCommand } from "./commands";

/** A container image of one layer, made from a folder. */
export interface ImageSource {
  /** The root file system. */
  readonly rootFolder: string;
  /** The number of the user whom everything in it belongs to. @default 0, root */
  readonly owner?: number;
  /** Full names, as `fullImageName` gives them. */
  readonly names: readonly string[];
  readonly entrypoint: readonly string[];
  /** A number: the kubelet can tell from a number alone that an image does not run as root. */
  readonly user: number;
  readonly stopSignal?: string;
}

/**
 * Writes an OCI image layout as one tar file, as `ctr images import` reads it.
 * The format: github.com/opencontainers/image-spec, image-layout.md, manifest.md, config.md.
 */
export async function writeImageArchive(image: ImageSource, archive: string): Promise<void> {
  const layout = `${archive}.layout`;
  await rm(layout, { recursive: true, force: true });
  await mkdir(join(layout, "blobs", "sha256"), { recursive: true });
  const layerFile = join(layout, "layer.tar");
  // Sorted, and without times or owners of this machine: the same files give the same digests.
  const owner = image.owner ?? 0;
  const reproducible = ["--sort=name", "--mtime=@0", `--owner=${owner}`, `--group=${owner}`, "--numeric-owner"];
  await runCommand("tar", [...reproducible, "-C", image.rootFolder, "-cf", layerFile, "."]);
  const blob = async (mediaType: string, content: Buffer) => {
    const hash = createHash("sha256").update(content).digest("hex");
    await writeFile(join(layout, "blobs", "sha256", hash), content);
    return { mediaType: `application/vnd.oci.image.${mediaType}`, digest: `sha256:${hash}`, size: content.length };
  };
  const json = (value: unknown) => Buffer.from(JSON.stringify(value));

  const layer = await blob("layer.v1.tar", await readFile(layerFile));
  await rm(layerFile);
  const config = await blob(
    "config.v1+json",
    json({
      architecture: "amd64",
      os: "linux",
      config: {
        User: String(image.user),
        Entrypoint: image.entrypoint,
        Env: ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],
        WorkingDir: "/",
        ...(image.stopSignal === undefined ? {} : { StopSignal: image.stopSignal }),
      },
      rootfs: { type: "layers", diff_ids: [layer.digest] }, // the layer is not compressed, so both digests are one
    }),
  );
  const mediaType = "application/vnd.oci.image.manifest.v1+json";
  const manifest = await blob("manifest.v1+json", json({ schemaVersion: 2, mediaType, config, layers: [layer] }));
  await writeFile(join(layout, "oci-layout"), json({ imageLayoutVersion: "1.0.0" }));
  await writeFile(
    join(layout, "index.json"),
    json({
      schemaVersion: 2,
      // containerd's importer takes an image's name from this annotation (images/annotations.go).
      manifests: image.names.map((name) => ({ ...manifest, annotations: { "io.containerd.image.name": name } })),
    }),
  );
  await runCommand("tar", ["-C", layout, "-cf", archive, "."]);
  await rm(layout, { recursive: true });
}

/**
 * An image's name as the container runtime stores it: with registry and tag.
 *
 * @example
 * fullImageName("nginx") // "docker.io/library/nginx:latest"
 */
export function fullImageName(name: string): string {
  const [first = "", ...rest] = name.split("/");
  const hasRegistry = rest.length > 0 && (first.includes(".") || first.includes(":") || first === "localhost");
  const repository = hasRegistry ? name : `docker.io/${rest.length === 0 ? `library/${name}` : name}`;
  const last = repository.slice(repository.lastIndexOf("/"));
  return last.includes(":") || last.includes("@") ? repository : `${repository}:latest`;
}
