#!/bin/sh
# One of libgpiod's tools, or setpriv where there is none: see fake-gpiod.ts. What it says is what the real ones of
# version 1.6.3 and 2.2.1 said on a real kernel. In sh, because it is started often: fake-gpiod.sh STATE VERSION LABEL
# LINES TOOL WORDS…
state=$1 version=$2 label=$3 lines=$4 tool=$5
shift 5

fail() {
	echo "/usr/bin/$tool: $1" >&2
	exit 1
}

busy() {
	[ "$version" = 1 ] && fail "error setting the GPIO line values: Device or resource busy"
	fail "unable to request lines on chip '/dev/gpiochip0': Device or resource busy"
}

# A line that nobody holds any more is an input again, and floats to low, as with the mainline drivers of the Pi; unless
# there is a file `persist`: then an output stays as it is, as with Raspberry Pi's own kernel.
look() {
	direction=input level=0 low=0 consumer='' pid= stale=
	exported=
	[ -f "$state/$1" ] && . "$state/$1"
	if [ -n "$exported" ] && [ ! -e "$exported" ]; then direction=input level=0 low=0 consumer='' pid=; fi
	[ -z "$pid" ] || [ "$pid" = 0 ] || kill -0 "$pid" 2>/dev/null && return
	consumer='' pid=
	[ $direction = output ] && [ -f "$state/persist" ] && return
	[ $direction = output ] && level=0
	direction=input low=0
}

# Takes the line for as long as this process lives.
request() {
	[ "$chip" = gpiochip0 ] || fail "cannot find GPIO chip character device '$chip'"
	look "$offset"
	[ -z "$consumer" ] || busy
	[ "$bias" = pull-up ] && level=1
	direction=$1 level=${2:-$level} low=$activelow pid=$$
	consumer=$tool
	[ "$version" = 2 ] && consumer=$name
	keep
}

keep() {
	echo "direction=$direction level=$level low=$low consumer='$consumer' pid=$pid" >"$state/$offset.$$"
	mv "$state/$offset.$$" "$state/$offset"
}

info() {
	look "$1"
	if [ "$version" = 2 ]; then
		by=''
		[ -n "$consumer" ] && by=" consumer=\"$consumer\""
		[ $low = 1 ] && [ $direction = output ] && by=" active-low$by"
		printf 'gpiochip0 %s\t%-16s\t%s%s\n' "$1" "\"GPIO$1\"" $direction "$by"
		return
	fi
	by=unused flags='' active=active-high
	[ -n "$consumer" ] && by="\"$consumer\"" flags='[used]'
	[ $low = 1 ] && active=active-low
	printf '\tline %3s: %12s %12s %7s %12s %s\n' "$1" "\"GPIO$1\"" "$by" $direction $active "$flags"
}

if [ "$tool" = setpriv ]; then
	while [ "$1" != -- ]; do shift; done
	shift
	exec "$@"
fi

chip='' bias='' name=$tool activelow=0 mode=exit asis=0
while :; do
	case "$version $1" in
	*" --version")
		[ "$version" = 1 ] && echo "$tool (libgpiod) v1.6.3" || echo "$tool (libgpiod) v2.2.1"
		exit
		;;
	*" --active-low") activelow=1 ;;
	*" --bias="*) bias=${1#--bias=} ;;
	"1 --mode=signal") mode=signal ;;
	"1 --line-buffered" | "1 --format=%e" | "2 --format=%E" | "2 --numeric") ;;
	"2 --as-is") asis=1 ;;
	"2 --chip="*) chip=${1#--chip=} ;;
	"2 --consumer="*) name=${1#--consumer=} ;;
	*" --"*) fail "unrecognized option '$1'" ;;
	*) break ;;
	esac
	shift
done
[ "$version" = 1 ] && [ $# -gt 0 ] && chip=$1 && shift
offset=${1%%=*} value=${1##*=}

case $tool in
gpiodetect)
	echo "gpiochip0 [$label] ($lines lines)"
	echo "gpiochip1 [raspberrypi-exp-gpio] (8 lines)"
	;;
gpioinfo)
	[ "$version" = 2 ] && info "$offset" && exit
	echo "gpiochip0 - $lines lines:"
	each=0
	while [ $each -lt "$lines" ]; do
		info $each
		each=$((each + 1))
	done
	;;
gpioget)
	look "$offset"
	[ $asis = 1 ] && [ "$stale" != 1 ] || direction=input
	request $direction
	echo $((level ^ activelow))
	;;
gpioset)
	request output $((value ^ activelow))
	# libgpiod 1 leaves at once unless it is told to stay.
	[ "$version" = 2 ] || [ $mode = signal ] && exec sleep 86400
	;;
gpiomon)
	request input
	known=$level
	while :; do
		sleep 0.01
		look "$offset"
		[ "$level" = "$known" ] && continue
		known=$level
		up=$((level ^ activelow))
		[ "$version" = 1 ] && echo $up && continue
		[ $up = 1 ] && echo rising || echo falling
	done
	;;
esac
