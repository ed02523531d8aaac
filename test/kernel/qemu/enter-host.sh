# The guest sees all files of the host, read-only, at the paths that they have there; what it writes goes to /run and
# is gone with it. "localhost" is the loopback of the host, which QEMU shows as 10.0.2.2.
enter() {
  ip link set eth0 up
  ip addr add 10.0.2.15/24 dev eth0
  ip route add default via 10.0.2.2
  mkdir -p /host
  mount -t 9p -o trans=virtio,version=9p2000.L,ro,msize=512000,cache=loose host /host || return 1
  mount --rbind /dev /host/dev
  mount --bind /proc /host/proc
  mount --bind /sys /host/sys
  mount -t tmpfs run /host/run
  mkdir -p /host/run/tmp
  cp /command /host/run/command
  echo "10.0.2.2 localhost" > /host/run/hosts
  mount --bind /host/run/hosts /host/etc/hosts
  TMPDIR=/run/tmp HOME=/run chroot /host /bin/sh /run/command
}
