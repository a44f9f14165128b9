// What is executed on the hosts of deploy's driver `ssh`. It assumes coreutils, flock, tar and
// systemctl.
//
// In the target's folder there: `releases/ID` (files), `current` and `current.env` (links to what
// serves), `maintenance` (the flag file), and `.perilune/` with `lock`, `variables` (of the next
// release), and for each release `ID/` with `record`, `env`, `variables`, `intent` (that
// makes it the one to serve), `taken` (the intent whose restart is done), `served` (seconds) and
// `failed` (why).
#include <cmath>

#include "bindings/deploy/ssh_fleet.h"
#include "interpreter/base/digest.h"
#include "interpreter/base/json.h"
#include "interpreter/base/shell_words.h"

namespace perilune {

namespace {

const char* const fleet_functions = R"SH(
umask 022
notes=$folder/.perilune

# One change at a time; what is started does not keep the lock.
enter() {
  mkdir -p "$folder/releases" "$notes" && chmod 700 "$notes" && exec 9>"$notes/lock" ||
    refuse folder_failed "The folder $folder cannot be used by $(id -un)."
  flock -w 30 9 || refuse busy "Another change of $folder goes on there for over 30 s."
}
put() { mkdir -p "${1%/*}" && printf %s "$2" | base64 -d >"$1.part" && mv -f "$1.part" "$1"; }
note() { printf %s "$2" >"$1.part" && mv -f "$1.part" "$1"; }
point() { ln -sfn "$2" "$1.part" && mv -Tf "$1.part" "$1"; }
current_release() {
  serving=$(readlink "$folder/current" 2>/dev/null)
  serving=${serving#releases/}
}

see_unit() {
  active= process=
  shown=$(ctl show "$unit" 2>/dev/null)
  while IFS= read -r line; do
    case $line in
      ActiveState=*) active=${line#*=} ;;
      MainPID=*) process=${line#*=} ;;
    esac
  done <<UNIT
$shown
UNIT
}
is_healthy() { see_unit; [ "$active" = active ] && checked >/dev/null 2>&1; }
# Waits $1 s for the unit to be healthy, and says whether it is; `reason` is why not.
await_health() {
  now
  give_up=$((${moment%%.*} + $1))
  until is_healthy; do
    now
    if [ "$active" = failed ] || [ "${moment%%.*}" -ge "$give_up" ]; then
      reason="The unit $unit is $active and was not healthy within $1 s."
      [ -z "$said" ] || reason="$reason systemctl said: $said"
      return 1
    fi
    nap
  done
}
tell_health() {
  if await_health "$1"; then reply healthy yes; else reply64 reason "$reason"; reply healthy no; fi
}

# Makes the release $1 the one that serves, for the intent $2, and waits $3 s for its health.
activate() {
  [ -e "$notes/$1/record" ] && [ -d "$folder/releases/$1" ] ||
    refuse gone "The files of the release $1 are not there."
  current_release
  if [ "$serving" != "$1" ] || [ "$(cat "$notes/$1/taken" 2>/dev/null)" != "$2" ] || ! is_healthy
  then
    rm -f "$notes/$1/failed" "$notes/$1/taken"
    note "$notes/$1/intent" "$2" && point "$folder/current.env" ".perilune/$1/env" &&
      point "$folder/current" "releases/$1" && sync -f "$folder" ||
      refuse folder_failed "The folder $folder cannot be written."
    said=$(ctl restart "$unit" 2>&1 | tail -n 3)
    # Only now: what still ran was the release before it.
    note "$notes/$1/taken" "$2"
  fi
  tell_health "$3"
  if [ -z "$reason" ] && [ ! -e "$notes/$1/served" ]; then date +%s.%N >"$notes/$1/served"; fi
}
# Gives the release $1 up because of $2 (base64), and goes back to $3, or to nothing.
give_up_release() {
  enter
  [ ! -d "$notes/$1" ] || put "$notes/$1/failed" "$2"
  current_release
  [ "$serving" = "$1" ] || return 0
  if [ -n "$3" ]; then
    activate "$3" "$(cat "$notes/$3/intent" 2>/dev/null)" "$4"
  else
    ctl stop "$unit" >/dev/null 2>&1
    rm -f "$folder/current" "$folder/current.env"
  fi
}

see_variables() {
  current_release
  reply64 variables "$(cat "$notes/variables" 2>/dev/null)"
  reply64 released "$(cat "$notes/${serving:-none}/variables" 2>/dev/null)"
}
see() {
  current_release
  reply64 current "$serving"
  see_unit
  reply active "$active"
  reply process "$process"
  if [ "$active" = active ] && checked >/dev/null 2>&1; then reply healthy yes; fi
  if [ -e "$folder/maintenance" ]; then reply64 maintenance "$(cat "$folder/maintenance")"; fi
  for at in "$notes"/*/record; do
    [ -e "$at" ] || continue
    at=${at%/record}
    id=${at##*/}
    for name in record served intent taken; do
      line=
      { IFS= read -r line <"$at/$name"; } 2>/dev/null
      [ -z "$line" ] || reply "$name.$id." "$line"
    done
    [ ! -e "$at/failed" ] || reply64 "failed.$id." "$(cat "$at/failed")"
    [ ! -d "$folder/releases/$id" ] || reply "files.$id." yes
  done
}
)SH";

constexpr const char* health_limit_s = "10";  // Of one check.

std::vector<std::string> fill_host(const std::vector<std::string>& words, const SshHost& host) {
    std::vector<std::string> filled;
    for (const auto& word : words) filled.push_back(perilune::fill_host(word, host));
    return filled;
}

}  // namespace

std::string fill_host(const std::string& text, const SshHost& host) {
    std::string filled = text;
    constexpr std::string_view name = "{host}";
    for (auto at = filled.find(name); at != std::string::npos;
         at = filled.find(name, at + host.host.size()))
        filled.replace(at, name.size(), host.host);
    return filled;
}

std::string shell_assign(const std::string& name, const std::string& text) {
    return name + "=" + quote_word(text) + "\n";
}

std::string store_there(const std::string& path, const std::string& text) {
    return "put " + path + " " + quote_word(to_base64(text)) + " || refuse folder_failed " +
           quote_word("A file in the target's folder cannot be written.") + "\n";
}

std::string fleet_script(const SshFleet& fleet, const SshHost& host, const std::string& commands) {
    std::vector<std::string> check = {"timeout", health_limit_s};
    for (const auto& word : fill_host(fleet.health, host)) check.push_back(word);
    const std::string checked = fleet.health.empty() ? ":" : quote_words(check) + " </dev/null";
    return "unset p\nnonce=$1\n" + shell_assign("folder", fill_host(fleet.folder, host)) +
           shell_assign("unit", fill_host(fleet.unit, host)) + ssh_talk_functions + "ctl() { " +
           quote_words(fill_host(fleet.systemctl, host)) +
           " \"$@\" 9>&- </dev/null; }\njournal() { " +
           quote_words(fill_host(fleet.journalctl, host)) +
           " \"$@\" 9>&- </dev/null; }\nchecked() { " + checked + " 9>&-; }\n" + fleet_functions +
           commands + "\nreply done yes\n";
}

}  // namespace perilune
