#!/usr/bin/env bash
# set_up_systemctl.sh FOLDER LOG: unpacks Debian's package systemctl, which starts units without
# systemd. It is not installed, for it would take the place of systemd itself. Without it the tests
# of the deploy driver for ssh are skipped by name, and fail where CI=true.
set -u
folder=$1 log=$2

if [[ -x $folder/usr/bin/systemctl ]]; then exit 0; fi
echo "Unpacking to test deployments over ssh: Debian's systemctl, into $folder"
as_root() { if [[ $(id -u) == 0 ]]; then "$@"; else sudo -n "$@"; fi; }
unpack() {
    mkdir -p "$folder" && cd "$folder" || return 1
    apt-get download systemctl || { as_root apt-get update && apt-get download systemctl; } &&
        dpkg-deb -x systemctl_*.deb . && rm -f systemctl_*.deb
}
if ! unpack </dev/null >"$log" 2>&1; then
    tail -n 3 "$log"
    echo "It could not be unpacked; the whole output is in $log"
fi
