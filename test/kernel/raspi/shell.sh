# Reads from the console what to do: a number and a script, one a line. What it wrote ends with "@done NUMBER CODE".
# The serial port begins with two bytes of noise.
echo
echo @ready
while read -r number script; do
  eval "$script" < /dev/null 2>&1
  code=$?
  echo
  echo "@done $number $code"
done
