#!/usr/bin/env bash
# Writes bench/pgo/weir.profdata anew: what the release build is optimised for. Run it when the hot path has changed, and commit the file.
#   bench/pgo/train.sh
# Builds an instrumented weir, serves what bench/e2e measures (unary of three sizes, streams, TLS on both sides) and merges the counts.
set -euo pipefail
cd "$(dirname "$0")/../.."
. deploy/packages.sh

need $build_packages openssl python3
cmake --preset pgo > /dev/null
cmake --build --preset pgo --parallel "$(build_jobs)" | tail -n 1

profiles=$(mktemp -d)
trap 'rm -rf "$profiles"' EXIT
export LLVM_PROFILE_FILE="$profiles/weir-%p.profraw"
bench/e2e/run.py --weir build/pgo/proxy/weir --tools build/pgo/bench/e2e --proxies weir --rounds 1 --seconds 2 \
    --only unary-1k,unary-64k,unary-1m,events-64,events-500,tls-unary-1k,upstream-tls-events-64 > /dev/null
llvm-profdata-19 merge -sparse -output=bench/pgo/weir.profdata "$profiles"/*.profraw
say "bench/pgo/weir.profdata: $(wc -c < bench/pgo/weir.profdata) bytes"
