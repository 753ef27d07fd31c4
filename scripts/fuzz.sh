# ./dev fuzz [SECONDS]: each tests/fuzz/NAME_fuzz.cc under libFuzzer. The corpus stays in the cache
# folder; what breaks a parser is left beside it.

fuzzers() { find build/asan/tests/fuzz -maxdepth 1 -name '*_fuzz' -type f | sort; }

# fuzz_one PROGRAM SECONDS
fuzz_one() {
  local name corpus seeds
  name=$(basename "$1")
  corpus=$(cache_folder)/fuzz/$name
  mkdir -p "$corpus"
  seeds=()
  [[ -d tests/fuzz/$name ]] && seeds=("tests/fuzz/$name")
  say "$name, $2 seconds"
  "$1" -max_total_time="$2" -timeout=10 -rss_limit_mb=2048 -verbosity=1 \
    -artifact_prefix="$corpus-" "$corpus" "${seeds[@]}"
}

fuzz() {
  local seconds=${1:-60} program failed=()
  [[ $seconds =~ ^[0-9]+$ ]] || die "fuzz takes a number of seconds, not '$seconds'"
  install_packages build fuzz
  build_asan tests/fuzz/all
  for program in $(fuzzers); do
    ./dev call fuzz_one "$program" "$seconds" || failed+=("$program")
  done
  ((${#failed[@]} == 0)) || die "broken: ${failed[*]}"
}
