# The guest is all that there is: no host's files. Its network is a USB adapter, as the Pi's own is one; "localhost" is
# the loopback of the host, which QEMU shows as 10.0.2.2.
enter() {
  export PATH=/usr/bin:/bin HOME=/root
  mkdir -p /root /var/lib/cave-agent
  chmod 600 /etc/cave-agent/device.key.pem
  waited=0
  while [ ! -e /sys/class/net/usb0 ] && [ $waited -lt 600 ]; do
    sleep 0.1
    waited=$((waited + 1))
  done
  ip link set usb0 up
  ip addr add 10.0.2.15/24 dev usb0
  ip route add default via 10.0.2.2
  stty -echo
  . /command
}
