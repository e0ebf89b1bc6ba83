# POSIX shell. Sourced by the scripts beside it, by the Dockerfile and by tests/run.sh: what to install, and how. It installs nothing that is there already.

say() { printf '\033[1m== %s\033[0m\n' "$*"; }

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"
    elif command -v sudo > /dev/null; then sudo "$@"
    else
        echo "weir: need root (or sudo) to install packages: $*" >&2
        return 1
    fi
}

build_packages="clang-19 lld-19 llvm-19 cmake ninja-build ccache patchelf git ca-certificates
    libboost1.81-dev libssl-dev libsimdjson-dev rapidjson-dev prometheus-cpp-dev libyaml-cpp-dev libcli11-dev libsqlite3-dev libhiredis-dev zlib1g-dev
    libbrotli-dev libzstd-dev"
test_packages="g++ clang-tidy-19 clang-format-19 valgrind strace libgtest-dev libgmock-dev libbenchmark-dev libclang-rt-19-dev prometheus redis-server openssl curl python3 python3-venv
    systemd dpkg-dev lintian zsh buildah file passwd util-linux bash-completion chromium python3-yaml python3-prometheus-client"

# need PACKAGE...: installs those that are missing, in one go.
need() {
    missing=
    for package in "$@"; do
        dpkg-query -W -f '${Status}' "$package" 2> /dev/null | grep -q '^install ok installed' || missing="$missing $package"
    done
    [ -z "$missing" ] && return 0
    say "installing$missing"
    # A service that a package would start has no business on a build machine.
    as_root apt-get update -qq
    # shellcheck disable=SC2086
    as_root env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get install -y -qq --no-install-recommends $missing > /dev/null
}

# Compilers are heavy: not more at once than there are cores, nor than 1.5 GiB of memory each.
build_jobs() {
    cores=$(nproc)
    memory=$(awk '/MemAvailable/ { print int($2 / 1572864) }' /proc/meminfo)
    [ "${memory:-0}" -lt 1 ] && memory=1
    [ "$cores" -lt "$memory" ] && echo "$cores" || echo "$memory"
}
