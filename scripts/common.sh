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

# A Python with what tests/requirements.txt pins. The folder's stamp holds the list it was made of.
python_path() { echo "$(cache_folder)/python/bin/python"; }
use_python() {
  local folder
  folder=$(cache_folder)/python
  cmp -s tests/requirements.txt "$folder/made-of" && return
  say "Python packages for tests"
  rm -rf "$folder"
  python3 -m venv "$folder"
  "$(python_path)" -m pip install --disable-pip-version-check -r tests/requirements.txt
  cp tests/requirements.txt "$folder/made-of"
}

# The sources that are ours, one a line, for those patterns.
sources() { git ls-files --cached --others --exclude-standard -- "$@"; }
