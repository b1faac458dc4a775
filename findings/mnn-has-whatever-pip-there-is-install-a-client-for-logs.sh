#!/bin/sh
# SPDX-License-Identifier: MIT
# Seen 2026-11-30 with MNN 3.6.1 (PyPI, the latest; with numpy 2.4.6).
#
# Each of MNN's three commands, mnnconvert, mnnquant and mnn, which only lists the other two, runs "pip install -U aliyun-log-python-sdk", twice, before it
# does anything else, and were it for --help. That is the client of a service for logs, where conversions and quantisations are taken down. It
# is whatever pip comes first on the path, which need not be that of the Python in which MNN lies: where the environment was not activated it
# is the system's, whose packages then change, and as MNN does not find them there it asks again the next time. Where pip fails the commands
# go on as if nothing was. The module _tools, which is the converter itself, and importing MNN do not do so.
#
# The pip that is first on the path here is one of this file, which writes down what it was asked for and fails.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check MNN==3.6.1 numpy==2.4.6
mkdir first
cat >first/pip <<P
#!/bin/sh
echo "pip \$*" >>"$folder/asked"
exit 1
P
chmod +x first/pip
PATH=$folder/first:$PATH
strange=0
see() { # see TIMES COMMAND...: how often pip is asked
    times=$1
    shift
    : >asked
    "$@" >told 2>&1 || echo "failed" >>asked
    printf '%s: ' "$*" | sed "s|$folder/||"
    sort asked | uniq -c | tr -s ' ' | tr '\n' ';'
    echo
    [ "$(grep -c '^pip install -U aliyun-log-python-sdk$' asked)" = "$times" ] && [ "$(grep -c '' asked)" = "$times" ] || strange=1
}
see 0 venv/bin/python -c 'import MNN'
see 0 venv/bin/python -c 'import _tools'
see 2 venv/bin/mnn
see 2 venv/bin/mnnconvert --version
see 2 venv/bin/mnnconvert --help
see 2 venv/bin/mnnquant --help
if [ $strange != 0 ]; then
    echo "this is not what was seen" >&2
    exit 1
fi
