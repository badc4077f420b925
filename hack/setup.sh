#!/usr/bin/env bash
# Installs the Debian packages of hack/programs.txt that a target needs and that are missing, and says so. Silent if
# nothing is missing.
#
#   hack/setup.sh build|demo|bench|image|test
#
# Needs root only if something is missing. On a system without apt-get it names what is missing and stops.
# The .NET SDK is never installed: it is the one thing that this project expects to find.
set -euo pipefail
cd "$(dirname "$0")/.."
PATH=$PATH:/usr/sbin:/usr/bin:/sbin:/bin
# shellcheck source=hack/programs.sh
source hack/programs.sh

# Prints the packages whose things are not all here, each once.
missing_packages() {
    local thing package
    while read -r thing package; do
        case $thing in
            /*) [ -e "$thing" ] || echo "$package" ;;
            *) command -v "$thing" >/dev/null || echo "$package" ;;
        esac
    done < <(programs_of "$1") | sort -u
}

# The SDK is found by asking it: a dotnet that is there but lacks the version of global.json fails here, with its own words.
require_dotnet() {
    local answer
    command -v dotnet >/dev/null || {
        echo "setup: the .NET 10 SDK is missing from PATH: https://dotnet.microsoft.com/download/dotnet/10.0" >&2
        echo "setup: (sudo has a PATH of its own: /usr/bin/dotnet is found, \$HOME/.dotnet is not)" >&2
        exit 1
    }
    answer=$(DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=1 dotnet --version 2>&1) || {
        echo "setup: the .NET 10 SDK is missing: dotnet says: $answer" >&2
        exit 1
    }
}

may_install() {
    if ! command -v apt-get >/dev/null; then
        echo "setup: this is not Debian; please install what these Debian packages hold: $*" >&2
        exit 1
    fi
    if [ "$(id -u)" -ne 0 ]; then
        echo "setup: missing packages: $*" >&2
        echo "setup: run: sudo apt-get install --no-install-recommends $*" >&2
        exit 1
    fi
}

install_packages() {
    echo "setup: installing missing packages: $*"
    # Nobody is asked anything, so there is nothing to say about questions that cannot be asked before (debconf, without apt-utils).
    export DEBIAN_FRONTEND=noninteractive DEBCONF_NOWARNINGS=yes
    # A third-party source that does not answer must not stop us: what counts is whether the packages install.
    apt-get update -qq || echo "setup: apt-get update complained; going on"
    apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

case ${1:-} in
    build | demo | bench | image | test) need=$1 ;;
    *)
        echo "usage: hack/setup.sh build|demo|bench|image|test" >&2
        exit 2
        ;;
esac

require_dotnet
mapfile -t missing < <(missing_packages "$need")
if [ ${#missing[@]} -ne 0 ]; then
    may_install "${missing[@]}"
    install_packages "${missing[@]}"
    mapfile -t missing < <(missing_packages "$need")
    if [ ${#missing[@]} -ne 0 ]; then
        echo "setup: still missing after the installation: ${missing[*]}" >&2
        exit 1
    fi
fi
if [ "$need" = test ]; then
    # The kernel of the tests' virtual machine: unpacked below dist, not installed.
    hack/vm.sh --fetch
fi
