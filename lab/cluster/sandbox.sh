# The first process of a sandbox with its own network, mounts and process ids; see sandbox.ts, which starts it.
# Arguments: the run folder, and the run's name (only to be seen in the process list).
set -eu
run_folder=$1

# /proc is still the host's here. Read by the shell itself: a program started for it would tell its own id.
read -r host_pid _ < /proc/self/stat
mount -t proc proc /proc

# Programs of the node have fixed places in /run: containerd-shim its sockets, runc its state, CNI its lock.
mount -t tmpfs -o mode=755 tmpfs /run
mkdir /run/mp
mount --rbind "$run_folder" /run/mp

# What they write to other fixed places (host-local its leases in /var/lib/cni, kubelet its links in /var/log/containers,
# ingress-nginx its certificates in /etc/ingress-controller and its state in /tmp/nginx) stays in memory, in here.
for folder in /etc /tmp /var/lib /var/log; do
  mkdir -p "/run/overlay$folder/upper" "/run/overlay$folder/work"
  mount -t overlay overlay -o "lowerdir=$folder,upperdir=/run/overlay$folder/upper,workdir=/run/overlay$folder/work" "$folder"
done

# kubelet sets these for the whole machine unless they have its values already (setupKernelTunables in
# pkg/kubelet/cm/container_manager_linux.go). It sees them so; the machine's own stay as they are.
mkdir /run/sysctl
while read -r name value; do
  file=/run/sysctl/$(basename "$name")
  echo "$value" > "$file"
  mount --bind "$file" "/proc/sys/$name"
done <<SYSCTL
vm/overcommit_memory 1
vm/panic_on_oom 0
kernel/panic 10
kernel/panic_on_oops 1
kernel/keys/root_maxkeys 1000000
kernel/keys/root_maxbytes 25000000
SYSCTL

# 10.77.0.1 the control plane and the object store, 10.77.0.2 the edge. Not loopback: an API server cannot advertise that.
ip link set lo up
ip link add control type bridge
ip link set control up
ip addr add 10.77.0.1/24 dev control
ip addr add 10.77.0.2/24 dev control
echo 1 > /proc/sys/net/ipv4/ip_forward

echo "ready $host_pid"
# The other end of this pipe is held by the program that started the sandbox. When it closes it, or dies in any way, this
# read ends, and with the first process of a process id namespace the kernel kills all others in it (pid_namespaces(7)).
# bash, not sh: it also reaps the orphans it inherits as process 1.
while read -r _; do :; done
