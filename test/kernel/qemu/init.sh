#!/bin/busybox sh
# /init of every guest: the kernel's own file systems, the modules, then what enter.sh makes of /command.
# The console is the report; its last line is "@exit CODE".
/bin/busybox --install -s /bin
mkdir -p /dev /proc /sys /run /tmp
mount -t devtmpfs dev /dev
mount -t proc proc /proc
mount -t sysfs sys /sys
mkdir -p /dev/shm
mount -t tmpfs shm /dev/shm
for module in $(cat /modules/order); do
  insmod "/modules/$module.ko" || echo "@log insmod $module failed"
done
ip link set lo up
. /enter.sh
enter
echo "@exit $?"
poweroff -f
