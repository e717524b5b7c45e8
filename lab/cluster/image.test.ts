import { expect, it } from "vitest";
import { fullImageName } from "./image";

it.each([
  ["nginx", "docker.io/library/nginx:latest"],
  ["nginxinc/nginx-unprivileged:1.29-alpine", "docker.io/nginxinc/nginx-unprivileged:1.29-alpine"],
  ["docker.io/library/nginx:1", "docker.io/library/nginx:1"],
  ["localhost/nginx", "localhost/nginx:latest"],
  ["host:5000/nginx", "host:5000/nginx:latest"],
  ["host.example/nginx@sha256:00", "host.example/nginx@sha256:00"],
])("the full name of %s is %s", (name, full) => {
  expect(fullImageName(name)).toBe(full);
});
