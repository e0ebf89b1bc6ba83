#!/usr/bin/env bash
# Installs what is missing, builds weir and shows it at work: `weir demo`.
set -euo pipefail
cd "$(dirname "$0")/.."
. deploy/packages.sh

need $build_packages
say "building weir (release; the first time takes some minutes)"
cmake --preset release > build-release.log 2>&1 || { cat build-release.log >&2; exit 1; }
cmake --build --preset release --parallel "$(build_jobs)" --target weir
rm -f build-release.log
say "weir demo"
exec build/release/proxy/weir demo "$@"
