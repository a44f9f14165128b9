// What the script on a host says of runs: their states, their output, and what is claimed by a key.
#include "bindings/process/ssh_script.h"

namespace perilune {

const char* const ssh_report_functions = R"SH(
state_of_run() {
  state=absent
  if [ -d "$run" ]; then
    state=lost noted=
    [ ! -e "$run/keeper" ] || noted=1
    if alive "$run/keeper"; then state=running; elif alive "$run/program"; then state=orphaned; fi
    [ -e "$run/program" ] || [ "$state" != running ] || state=starting
    [ ! -e "$run/refused" ] || state=refused
    [ ! -e "$run/end" ] || state=ended
  fi
}
# Waits for the end, at most for $1 s, and says what comes meanwhile.
follow() {
  waited=0 said1= said2=
  now; until=$((${moment%%.*} + $1 + 1))
  while state_of_run; do
    case $state in
      starting | running | orphaned) ;;
      # A run is claimed a moment before its keeper is there; only one that was there is lost.
      lost) [ -z "$noted" ] && [ "$waited" -lt 20 ] || return 0 ;;
      *) return 0 ;;
    esac
    now
    [ "${moment%%.*}" -lt "$until" ] || return 0
    if [ "$waited" -lt 50 ]; then nap; else sleep 1; fi
    waited=$((waited + 1))
    [ "$waited" -ge 50 ] || [ $((waited % 5)) -eq 0 ] || continue
    for stream in 1 2; do
      piece=$(tail -c 500 "$run/$stream.new" 2>/dev/null | base64 -w 0)
      eval "old=\$said$stream said$stream=\$piece"
      if [ "$piece" != "$old" ]; then reply said64 "$piece"; fi
    done
  done
}
# Hears "stop" from who waits; a lost session is no stop.
hear_stop() {
  while read -r word; do
    if [ "$word" = stop ]; then stop_program 5 50; fi
  done
}
follow_and_hear() {
  { exec <&3 >/dev/null 2>&1; hear_stop; } &
  hearing=$!
  follow "$1"
  kill -s KILL "$hearing" 2>/dev/null
}
report() {
  state_of_run
  reply boot "$boot"
  reply place "$(cat "$base/place" 2>/dev/null)"
  reply id "${run##*/}"
  if [ "$state" != absent ]; then
    reply begun "$(cat "$run/begun" 2>/dev/null)"
    reply note64 "$(cat "$run/note" 2>/dev/null)"
    reply program "$(cat "$run/program" 2>/dev/null)"
    [ ! -e "$run/end" ] || reply end "$(cat "$run/end")"
    for stream in 1 2; do
      all=0
      for file in "$run/$stream.old" "$run/$stream.new"; do
        [ ! -e "$file" ] || { bytes_in "$file"; all=$((all + bytes)); }
      done
      [ "$all" -le "$1" ] || reply truncated yes
      reply "stream${stream}64" \
        "$(cat "$run/$stream.old" "$run/$stream.new" 2>/dev/null | tail -c "$1" | base64 -w 0)"
    done
    [ ! -e "$run/dropped" ] || reply truncated yes
  fi
  reply state "$state"
}

report_log() {
  [ ! -e "$run/dropped" ] || reply truncated yes
  for stream in 1 2; do
    for age in old new; do
      reply "log${stream}${age}64" "$(base64 -w 0 "$run/$stream.$age" 2>/dev/null)"
      reply "times${stream}${age}64" "$(base64 -w 0 "$run/$stream.$age.times" 2>/dev/null)"
    done
  done
}

# The newest run of a key, or one that is not there.
find_key() {
  newest=0 run=$base/runs/none
  while [ -L "$base/keys/$1/$((newest + 1))" ]; do newest=$((newest + 1)); done
  [ "$newest" -eq 0 ] || run=$base/runs/$(readlink "$base/keys/$1/$newest")
}
# Claims the key for the run $2 unless another one runs as it; the link is what only one can make.
begin_as_key() {
  if [ ! -d "$base/runs/$2" ]; then
    find_key "$1"
    if [ "$run" != "$base/runs/$2" ]; then
      # What was claimed and never begun must not begin later, beside this one.
      if [ "$newest" -gt 0 ] && mkdir "$run" 2>/dev/null; then : >"$run/refused"; fi
      state_of_run
      case $state in
        starting | running | orphaned) reply occupied yes; return 0 ;;
        lost) signal_program KILL ;;
      esac
      can_launch
      mkdir -p "$base/keys/$1"
      if ! ln -s "$2" "$base/keys/$1/$((newest + 1))" 2>/dev/null; then
        find_key "$1"
        reply occupied yes
        return 0
      fi
    fi
  fi
  run=$base/runs/$2
  begin
  naps=0
  while state_of_run && [ "$naps" -lt 100 ]; do
    case $state in starting | lost) nap; naps=$((naps + 1)) ;; *) break ;; esac
  done
}
end_key() {
  state_of_run
  case $state in
    starting | running) stop_program "$1" "$2"; follow 10 ;;
    orphaned | lost)
      stop_program "$1" "$2"
      signal_program KILL
      now
      echo "137 ${moment} ${moment} 1" >"$run/end.part"
      mv "$run/end.part" "$run/end" ;;
  esac
}

# Makes what is missing of the state folder, and says which place and boot this is.
settle() {
  mkdir -p "$base/runs" "$base/keys" 2>/dev/null ||
    refuse folder_failed "The folder $base cannot be made."
  if [ ! -s "$base/place" ]; then
    printf %s "$fresh" >"$base/place.$fresh"
    ln "$base/place.$fresh" "$base/place" 2>/dev/null
    rm -f "$base/place.$fresh"
  fi
  [ -s "$base/place" ] || refuse folder_failed "The file $base/place cannot be written."
  sweep
  reply boot "$boot"
  reply machine "$(uname -n)"
  reply place "$(cat "$base/place")"
}
# Once a day: removes what ended long ago.
sweep() {
  today=$(($(date +%s) / 86400)) swept=
  { read -r swept <"$base/swept"; } 2>/dev/null
  [ "$swept" != "$today" ] || return 0
  echo "$today" >"$base/swept"
  for run in "$base"/runs/*; do
    { read -r begun <"$run/begun"; } 2>/dev/null || continue
    [ $((today - ${begun%%.*} / 86400)) -gt 90 ] || continue
    state_of_run
    case $state in ended | refused | lost) rm -rf "$run" ;; esac
  done
  for slot in "$base"/keys/*; do
    find_key "${slot##*/}"
    [ "$newest" -eq 0 ] || [ -d "$run" ] || rm -rf "$slot"
  done
}

exec 3<&0
boot=none machine=$(uname -n)
{ read -r boot </proc/sys/kernel/random/boot_id; } 2>/dev/null
case $folder in /*) ;; *) folder=$(pwd)/$folder ;; esac
base=$folder/$machine
own_session="$(command -v timeout) 0"
if setsid true 2>/dev/null; then own_session=$(command -v setsid); fi
# A shell's background program would not hear SIGINT.
if env --default-signal=INT true 2>/dev/null; then
  own_session="$(command -v env) --default-signal=INT,QUIT $own_session"
fi
)SH";

}  // namespace perilune
