# Starts the ingress-nginx controller with its nginx; see edge.ts. Runs as the first process of its own process id and
# mount namespaces inside the sandbox. Arguments: a folder to be /etc/nginx, then the controller and its arguments.
set -eu
etc_nginx=$1
shift
mount --bind "$etc_nginx" /etc/nginx
# The folders that the official image has and the controller writes to (rootfs/Dockerfile in its repository).
rm -rf /tmp/nginx /etc/ingress-controller
mkdir -p /tmp/nginx /etc/ingress-controller/ssl /etc/ingress-controller/auth /etc/ingress-controller/telemetry
exec "$@"
