# ./dev lint and ./dev format.

format_check() {
  local files
  mapfile -t files < <(sources '*.cc' '*.h')
  clang-format-14 --dry-run --Werror "${files[@]}"
  echo "format: ${#files[@]} files"
}

# A file that no longer fits a reader's head is two files. Tables that a program wrote, and says so
# in their first line, are read by nobody.
length_check() {
  local file lines long=0 count=0
  while read -r file; do
    count=$((count + 1))
    lines=$(wc -l <"$file")
    ((lines > 500)) || continue
    head -n 1 "$file" | grep -q 'Written by' && continue
    echo "$file: $lines lines, 500 are the limit"
    long=1
  done < <(sources '*.cc' '*.h' '*.py' '*.ts' '*.svelte' '*.css' '*.sh' dev)
  echo "lengths: $count files"
  return $long
}

layer_check() { python3 tests/layers.py; }

script_check() {
  # Parts share their variables, which shellcheck, seeing one at a time, takes for unused.
  shellcheck --shell=bash --exclude=SC2034,SC2154 dev .ci/run scripts/*.sh
}

# tidy_check [all]: what differs from the last commit on the main line, or every file.
tidy_check() {
  local files
  if [[ ${1:-} == all ]]; then
    mapfile -t files < <(sources 'src/*.cc' 'apps/*.cc')
  else
    mapfile -t files < <(git diff --name-only --diff-filter=d "$(lint_base)" -- 'src/*.cc' 'apps/*.cc')
  fi
  ((${#files[@]})) || { echo "clang-tidy: nothing has changed" && return; }
  build build/release all -DCMAKE_BUILD_TYPE=Release
  printf '%s\n' "${files[@]}" |
    xargs -P "$(nproc)" -n 1 clang-tidy-19 -p build/release --quiet --warnings-as-errors='*'
}

# What we compare with: where this branch left the main one, or the last commit.
lint_base() { git merge-base HEAD origin/HEAD 2>/dev/null || echo HEAD; }

web_check() {
  use_web
  npm --prefix web run --silent lint
  npm --prefix web run --silent format:check
}

lint() {
  install_packages build lint
  local check failed=()
  for check in length_check layer_check format_check script_check web_check tidy_check; do
    say "${check//_/ }"
    ./dev call "$check" "$@" || failed+=("$check")
  done
  ((${#failed[@]} == 0)) || die "failed: ${failed[*]}"
}

format() {
  install_packages lint
  sources '*.cc' '*.h' | xargs -d '\n' clang-format-14 -i
  use_web
  npm --prefix web run --silent format
}
