# Runs a program with a root folder of its own inside the sandbox, as a container has one; see envoy-gateway.ts. Runs as the
# first process of its own mount namespace. Arguments: a folder with one folder for each volume of the container, then the
# program and its arguments. Envoy Gateway and Envoy both read /certs, each with another content, and the paths can't be set
# (internal/xds/runner/runner.go in envoyproxy/gateway). The machine's own root must not get such folders.
set -eu
volumes=$1
shift
root=/run/own-root
mkdir -p "$root"
mount -t tmpfs tmpfs "$root"
for volume in "$volumes"/*; do
  mkdir "$root/${volume##*/}"
  mount --bind "$volume" "$root/${volume##*/}"
done
for path in /*; do
  target=$root$path
  if [ -e "$target" ]; then continue; fi
  if [ -L "$path" ]; then
    ln -s "$(readlink "$path")" "$target"
  elif [ -d "$path" ]; then
    mkdir "$target"
    mount --rbind "$path" "$target"
  fi
done
exec chroot "$root" "$@"
