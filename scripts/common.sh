# Words that all of ./dev shares.

binary=build/release/helicon
default_model=qwen2.5-coder-1.5b  # that of src/catalog/entry.cc

say() { printf '\e[1m== %s\e[0m\n' "$*" >&2; }
die() {
  printf './dev: %s\n' "$*" >&2
  exit 1
}

# Where Helicon caches, and where its models lie: the same rules as in src/base/paths.cc.
cache_folder() {
  if [[ -n ${HELICON_HOME:-} ]]; then
    realpath -m "$HELICON_HOME/cache"
  else
    echo "${XDG_CACHE_HOME:-$HOME/.cache}/helicon"
  fi
}
models_folder() {
  if [[ -n ${HELICON_HOME:-} ]]; then
    realpath -m "$HELICON_HOME/models"
  else
    echo "${XDG_DATA_HOME:-$HOME/.local/share}/helicon/models"
  fi
}

# A Python with what tests/requirements.txt pins, and one with what bench/requirements.txt does.
python_path() { echo "$(cache_folder)/python/bin/python"; }
use_python() { make_python "$(cache_folder)/python" tests/requirements.txt; }

# llama.cpp is compiled for this very processor, which takes a while the first time.
bench_python() { echo "$(cache_folder)/bench-python/bin/python"; }
use_bench_python() {
  CMAKE_BUILD_PARALLEL_LEVEL=${CMAKE_BUILD_PARALLEL_LEVEL:-$(nproc)} \
    make_python "$(cache_folder)/bench-python" bench/requirements.txt --no-binary llama-cpp-python
}

# make_python FOLDER LIST [OPTION...]: the folder's stamp holds the list it was made of.
make_python() {
  local folder=$1 list=$2
  shift 2
  cmp -s "$list" "$folder/made-of" && return
  say "Python packages of $list"
  rm -rf "$folder"
  python3 -m venv "$folder"
  "$folder/bin/python" -m pip install --disable-pip-version-check "$@" -r "$list"
  cp "$list" "$folder/made-of"
}

# The sources that are ours, one a line, for those patterns.
sources() { git ls-files --cached --others --exclude-standard -- "$@"; }
