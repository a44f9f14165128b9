#!/usr/bin/env bash
# set_up_python.sh FOLDER LOG: makes a virtual environment with moto and boto3, which the tests of
# the AWS drivers use. Without it those tests are skipped by name, and fail where CI=true.
set -u
folder=$1 log=$2

if "$folder/bin/python" -c 'import boto3, moto.server' 2>/dev/null; then exit 0; fi
echo "Installing to test the AWS drivers: moto and boto3, into $folder"
make_environment() {
    /usr/bin/python3 -m venv --clear "$folder" &&
        "$folder/bin/pip" install --quiet 'moto[server]>=5,<6' 'boto3<2'
}
if ! make_environment </dev/null >"$log" 2>&1; then
    tail -n 3 "$log"
    echo "They could not be installed; the whole output is in $log"
fi
