#!/bin/sh
# Every kind of stall in every kind of runtime, in every kind of executable: the matrix as debug, release and stripped
# build, and the last two once more with musl, if that target is installed. From anywhere in the repository.
set -eu

built() { # what cargo builds of the matrix with these arguments
  cargo test -p stall --test matrix --no-run "$@" 2>&1 | sed -n 's/.*Executable.*(\(.*\))$/\1/p'
}

run() { # name, executable
  test -x "$2" || { echo "$1: not built"; return 1; }
  "$2" --quiet >"$log" 2>&1 && result=passed || result=FAILED
  echo "$1: $result, $(sed -n 's/^test result: [^ ]* //p' "$log" | cut -d';' -f1,2)"
  test $result = passed || { cat "$log"; failed=1; }
}

run_stripped() { # name, executable
  strip -o "$stripped" "$2"
  STALL_TESTS_STRIPPED=1 run "$1" "$stripped"
}

cd "$(cargo locate-project --workspace --message-format plain | xargs dirname)"
failed=0
log=$(mktemp) stripped=$(mktemp)
trap 'rm -f "$log" "$stripped"' EXIT
run debug "$(built)"
release=$(built --release)
run release "$release"
run_stripped stripped "$release"
musl=$(rustc -vV | sed -n 's/^host: \([^-]*\)-.*/\1/p')-unknown-linux-musl
if test -d "$(rustc --print sysroot)/lib/rustlib/$musl"; then
  release=$(built --release --target "$musl")
  run "$musl, release" "$release"
  run_stripped "$musl, stripped" "$release"
else
  echo "$musl: not installed (rustup target add $musl)"
fi
exit $failed
