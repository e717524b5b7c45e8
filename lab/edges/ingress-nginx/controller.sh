# Starts the ingress-nginx controller with its nginx; see controller.ts. Runs as the first process of its own process id and
# mount namespaces inside the sandbox. Arguments: a folder to be /etc/nginx, then the controller and its arguments.
set -eu
etc_nginx=$1
shift
mount --bind "$etc_nginx" /etc/nginx
# The folders that the official image has and the controller writes to (rootfs/Dockerfile in its repository).
# They are this controller's alone: a second one may run beside it.
mkdir -p /tmp/nginx /etc/ingress-controller
mount -t tmpfs tmpfs /tmp/nginx
mount -t tmpfs tmpfs /etc/ingress-controller
mkdir -p /etc/ingress-controller/ssl /etc/ingress-controller/auth /etc/ingress-controller/telemetry
exec "$@"
