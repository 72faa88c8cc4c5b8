# Runs "$@" until it ends or standard input is closed, and standard input is a pipe that is closed
# when the process holding its other end is gone, however it went. No signal, thread or file of that
# process is needed for it.
exec 3<&0 </dev/null
"$@" 3<&- &
server=$!
# The watcher keeps no descriptor of the server's log: its lock says whether the server still runs.
{ read -r line <&3; kill -TERM "$server"; } >/dev/null 2>&1 &
watcher=$!
exec 3<&-
wait "$server"
status=$?
kill "$watcher" 2>/dev/null
exit "$status"
