# ./dev test: every test there is, one suite after another. A suite that fails does not stop the
# next. At the end each runner's own summary stands once more, and then the sum of all.

passed=0
failed=0
summary=()
endings=()
logs=

# record NAME SECONDS STATUS PASSED FAILED LOG TEXT: a suite that fails without saying what, or that
# ran nothing at all, is one failure. How a log of failures ends is said again before the summary.
record() {
  local name=$1 seconds=$2 status=$3 good=$4 bad=$5 log=$6 text=$7
  if ((bad == 0 && (status != 0 || good == 0))); then
    bad=1
    text="FAILED: ${text:-exit code $status}"
  fi
  ((bad == 0)) || endings+=("$(printf '== %s ended with\n' "$name" && tail -n 30 "$log" | cut -c -240)")
  ((passed += good, failed += bad)) || true
  summary+=("$(printf '%-24s %4ds  %s' "$name" "$seconds" "$text")")
}

# What a runner's log says: "PASSED FAILED TEXT", TEXT being its own summary line.
count() {
  case "$1" in
    ctest) # 100% tests passed, 0 tests failed out of 85
      sed -nE 's/^([0-9]+% tests passed, ([0-9]+) tests failed out of ([0-9]+))$/\2 \3 \1/p' "$2" |
        tail -n 1 | { read -r bad all text && echo "$((all - bad)) $bad $text"; } ;;
    pytest) # 3 failed, 12 passed, 1 warning in 4.20s
      sed -nE 's/^=* ?(([0-9]+ [a-z]+,? ?)+ in [0-9.]+s( \([0-9:]+\))?) ?=*$/\1/p' "$2" | tail -n 1 | {
        read -r text
        echo "$(number passed "$text") $(($(number failed "$text") + $(number error "$text"))) $text"
      } ;;
    vitest) #       Tests  1 failed | 12 passed (13)
      sed -E 's/\x1b\[[0-9;]*m//g' "$2" | sed -nE 's/^ +Tests +(.*)$/\1/p' | tail -n 1 | {
        read -r text
        echo "$(number passed "$text") $(number failed "$text") Tests $text"
      } ;;
    golden) # 8034 passed, 0 failed, or: 91 identical, 3 both refused, 0 differ
      tail -n 1 "$2" | {
        read -r text
        echo "$(($(number passed "$text") + $(number identical "$text") + $(number both "$text")))" \
          "$(($(number failed "$text") + $(number differ "$text"))) $text"
      } ;;
    one) # a program that passes or fails as a whole; its last line speaks for it
      if [[ $3 == 0 ]]; then echo "1 0 $(tail -n 1 "$2")"; else echo "0 1 $(tail -n 1 "$2")"; fi ;;
  esac
}

# number WORD TEXT: 12 of "3 failed, 12 passed"; 0 where the word is not there.
number() {
  if [[ $2 =~ ([0-9]+)\ $1 ]]; then echo "${BASH_REMATCH[1]}"; else echo 0; fi
}

# suite NAME RUNNER COMMAND...
suite() {
  local name=$1 runner=$2 log status=0 start=$SECONDS good=0 bad=0 text=
  shift 2
  say "$name"
  log=$logs/${name// /-}.log
  # Whoever starts us in the background has us ignore signals; what is tested may not inherit that.
  env --default-signal ./dev call "$@" 2>&1 </dev/null | tee "$log" || status=$?
  read -r good bad text < <(count "$runner" "$log" "$status") || true
  record "$name" $((SECONDS - start)) "$status" "${good:-0}" "${bad:-0}" "$log" "${text:-}"
}

# step NAME COMMAND...: no test, but without it some cannot run; counts only where it fails.
step() {
  local name=$1 log start=$SECONDS
  shift
  say "$name"
  log=$logs/${name// /-}.log
  if ./dev call "$@" 2>&1 </dev/null | tee "$log"; then
    summary+=("$(printf '%-24s %4ds' "$name" $((SECONDS - start)))")
  else
    record "$name" $((SECONDS - start)) 1 0 1 "$log" FAILED
    return 1
  fi
}

unit_tests() { ctest --test-dir "$1" --output-on-failure -j "$(nproc)" "${@:2}"; }

fetch_models() {
  local model
  for model in smollm2-135m gemma3-270m "$default_model"; do
    "$binary" pull "$model"
  done
}

# Prints where Chromium is. Where there is no package of it (Ubuntu has a snap), it is Playwright's.
find_browser() {
  local name
  for name in chromium google-chrome; do
    command -v "$name" && return
  done
  npm --prefix web exec playwright-core -- install --with-deps chromium >&2
  (cd web && node -p 'require("playwright-core").chromium.executablePath()')
}
browser_tests() {
  HELICON_CHROMIUM=${HELICON_CHROMIUM:-$(find_browser)}
  HELICON_DIST=$PWD/build/release/web/dist
  export HELICON_CHROMIUM HELICON_DIST
  npm --prefix web run test:e2e
}

# regenerated SCRIPT FILE: the golden file is still what the script makes.
regenerated() {
  cmp <("$HELICON_PYTHON" "tests/golden/$1") "tests/golden/$2"
  echo "$2 is what $1 writes"
}

# A little of what tests/soak does for half an hour.
soak() { python3 tests/soak/soak.py --requests 200 --references 12 --sample 12; }

# What independent implementations made of the same input; docs/development.md.
golden_suites() {
  local python=$HELICON_PYTHON golden=tests/golden models
  models=$(models_folder)
  suite "golden blocks" one regenerated dequantize.py dequantize.txt
  suite "golden UTF-8" one regenerated utf8_steps.py utf8_steps.txt
  suite "golden tokens" golden "$python" $golden/tokens.py --build build/release \
    --models "$models"
  suite "golden templates" golden "$python" $golden/templates.py --build build/release
  suite "models' templates" golden "$python" $golden/templates.py --build build/release \
    --models "$models"
  suite "identical answers" golden build/release/tests/identical/identical "$models"
  suite "divergence" golden "$python" $golden/divergence.py --helicon "$binary" \
    --models "$models"
}

cheap_lint() {
  suite "lengths" one length_check
  suite "layers" one layer_check
  suite "format" one format_check
}

run_tests() {
  local start=$SECONDS program
  install_packages build test
  logs=$(mktemp -d)
  trap 'rm -rf "$logs"' EXIT
  HELICON_PYTHON=$(python_path)
  export HELICON_PYTHON HELICON_BINARY=$PWD/$binary

  cheap_lint
  step "npm packages" use_web && {
    suite "page, types" one npm --prefix web run --silent lint
    suite "page, unit tests" vitest npm --prefix web test
  }
  step "python packages" use_python
  step "build" build_release all && {
    suite "unit tests" ctest unit_tests build/release
    step "models" fetch_models && {
      golden_suites
      suite "command line" pytest "$HELICON_PYTHON" -m pytest -q tests/cli
      suite "clients" pytest "$HELICON_PYTHON" -m pytest -q tests/api
      suite "soak, short" one soak
      suite "browser" vitest browser_tests
    }
  }
  step "build, asan" build_asan && {
    suite "unit tests, asan" ctest unit_tests build/asan
    for program in $(fuzzers); do
      suite "$(basename "$program")" one fuzz_one "$program" 5
    done
  }
  export TSAN_OPTIONS="suppressions=$PWD/tests/tsan.supp"
  step "build, tsan" build_tsan && suite "unit tests, tsan" ctest unit_tests build/tsan -E _NOT_BUILT

  ((failed == 0)) || printf '%s\n' "${endings[@]}"
  say "Summary, $(((SECONDS - start) / 60)) min $(((SECONDS - start) % 60)) s"
  printf '%s\n' "${summary[@]}"
  echo "$passed passed, $failed failed"
  ((failed == 0))
}
