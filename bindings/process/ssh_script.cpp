#include "bindings/process/ssh_script.h"

namespace perilune {

const char* const ssh_keeper_functions = R"SH(
umask 077
bytes_in() { bytes=$(($(wc -c <"$1"))); }

# A process is told from a later one of its number by its start and the boot.
ticks_of() {
  ticks=
  if [ -e /proc/self/stat ]; then
    { IFS= read -r stat <"/proc/$1/stat"; } 2>/dev/null || return 0
    set -- ${stat##*) }
    case $1 in Z | X) ;; *) ticks=${20} ;; esac
  elif kill -0 "$1" 2>/dev/null; then
    ticks=0
  fi
}
note_process() { ticks_of "$1"; echo "$1 ${ticks:-0} $boot" >"$2.part" && mv "$2.part" "$2"; }
alive() {
  { read -r a_pid a_ticks a_boot <"$1"; } 2>/dev/null || return 1
  [ "$a_boot" = "$boot" ] || return 1
  ticks_of "$a_pid"
  [ -n "$ticks" ] && [ "$ticks" = "$a_ticks" ]
}
signal_program() {
  { read -r s_pid s_ticks s_boot <"$run/program"; } 2>/dev/null || return 0
  ticks_of "$s_pid"
  # Another process has the number by now: the group cannot be the program's.
  if [ "$s_boot" != "$boot" ] || [ "${ticks:-$s_ticks}" != "$s_ticks" ]; then return 0; fi
  kill -s "$1" -- "-$s_pid" 2>/dev/null || { [ -n "$ticks" ] && kill -s "$1" "$s_pid"; } || :
}
stop_program() {
  alive "$run/program" || return 0
  : >"$run/stopped"
  signal_program TERM
  now; give_up=$((${moment%%.*} + $1 + 1)); naps=0
  while alive "$run/program" && [ "$naps" -lt "$2" ] && [ "${moment%%.*}" -lt "$give_up" ]; do
    nap; naps=$((naps + 1)); now
  done
  signal_program KILL
}

# Keeps the newest bytes of a stream, at least $cap of them, and for a log the time of each piece.
drain() {
  exec <"$run/$1.pipe"
  last=0
  : >"$run/$1.new"
  while dd bs=16384 count="$pieces" >>"$run/$1.new" 2>/dev/null; do
    bytes_in "$run/$1.new"
    [ "$bytes" -gt "$last" ] || break
    last=$bytes
    [ "$pieces" -gt 1 ] || { now; echo "$bytes $moment" >>"$run/$1.new.times"; }
    [ "$bytes" -ge "$cap" ] || continue
    [ ! -e "$run/$1.old" ] || : >"$run/dropped"
    mv "$run/$1.new" "$run/$1.old"
    [ "$pieces" -gt 1 ] || mv "$run/$1.new.times" "$run/$1.old.times"
    last=0
    : >"$run/$1.new"
  done
  # Where the disk is full the program goes on all the same.
  if [ -n "$(head -c 1 | base64)" ]; then : >"$run/dropped"; cat >/dev/null; fi
  : >"$run/$1.closed"
}
watch_deadline() {
  trap 'kill -s KILL "$sleeper" 2>/dev/null; exit 0' TERM
  sleep "$1" &
  sleeper=$!
  wait "$sleeper"
  stop_program 5 50
}
keep() {
  trap '' HUP TERM
  IFS= read -r stat </proc/self/stat || stat="$(exec sh -c 'echo $PPID') "
  note_process "${stat%% *}" "$run/keeper"
  now; began=$moment
  drain 1 &
  drain 2 &
  if [ -n "$input" ]; then
    printf %s "$input" | base64 -d
  fi 2>/dev/null | {
    [ -n "$input" ] || exec </dev/null
    trap - HUP TERM
    launch >"$run/1.pipe" 2>"$run/2.pipe"
  } &
  program=$!
  note_process "$program" "$run/program"
  watcher=
  if [ -n "$deadline" ]; then
    watch_deadline "$deadline" &
    watcher=$!
  fi
  input=
  wait "$program"
  code=$?
  # Where it ended before it opened its pipes, their readers still wait for that.
  : <>"$run/1.pipe" <>"$run/2.pipe"
  [ -z "$watcher" ] || kill -s TERM "$watcher" 2>/dev/null
  stopped=0
  if [ -e "$run/stopped" ]; then stopped=1; signal_program KILL; fi
  naps=0
  until { [ -e "$run/1.closed" ] && [ -e "$run/2.closed" ]; } || [ "$naps" -ge 10 ]; do
    nap; naps=$((naps + 1))
  done
  now
  echo "$code $began $moment $stopped" >"$run/end.part"
  mv "$run/end.part" "$run/end"
}

# Starts the run, if nobody did before. mkdir is what only one can do, and only once.
begin() {
  if [ $(($(date +%s) - t)) -gt 20 ]; then
    refuse late "The script came later than 20 s after it was asked for."
  fi
  [ -d "$run" ] || can_launch
  if ! mkdir "$run" 2>/dev/null; then
    [ -d "$run" ] || refuse folder_failed "The folder $run cannot be made."
    return 0
  fi
  now
  echo "$moment" >"$run/begun"
  printf %s "$note" >"$run/note"
  if ! mkfifo "$run/1.pipe" "$run/2.pipe"; then
    : >"$run/refused"
    refuse folder_failed "Pipes in $run cannot be made."
  fi
  # By exec: a shell that redirects a function keeps copies, and the session would not end.
  { exec </dev/null >/dev/null 2>&1 3<&-; keep; } &
}
)SH";

}  // namespace perilune
