# The builds: build/release for people; build/asan and build/tsan, by clang, for tests and fuzzers.

# build FOLDER TARGETS [OPTION...]: configured once; cmake itself looks after what changes later.
build() {
  local folder=$1 targets=$2
  shift 2
  # What one clone has compiled, another need not.
  export CCACHE_DIR=${CCACHE_DIR:-$(cache_folder)/ccache} CCACHE_BASEDIR=$PWD CCACHE_NOHASHDIR=1
  if [[ ! -f $folder/build.ninja ]]; then
    say "Configuring $folder"
    cmake -S . -B "$folder" -G Ninja -DCMAKE_CXX_COMPILER_LAUNCHER=ccache "$@"
  fi
  # shellcheck disable=SC2086
  cmake --build "$folder" --target $targets
}

# The page's packages, as its lock file names them; the same test as in web/build.cmake. `npm ci` of
# newer versions refuses a lock file that leaves out other platforms' optional packages.
use_web() {
  local installed=web/node_modules/.package-lock.json
  if [[ ! -f $installed || web/package-lock.json -nt $installed ]]; then
    say "npm packages of the page"
    npm --prefix web install --no-save --no-audit --no-fund --prefer-offline
    touch "$installed"
  fi
}

build_release() {
  use_web
  build build/release "$1" -DCMAKE_BUILD_TYPE=Release
}

# Sanitized builds leave out the page, which is the same, and keep the assertions.
build_sanitized() {
  local folder=$1 targets=$2
  shift 2
  build "$folder" "$targets" -DCMAKE_CXX_COMPILER=clang++-19 -DCMAKE_BUILD_TYPE=RelWithDebInfo \
    -DCMAKE_CXX_FLAGS_RELWITHDEBINFO="-O1 -g1" -DHELICON_WEB=OFF "$@"
}

# Addresses and undefined behaviour. The fuzzers want the same, and coverage; both live here.
build_asan() { build_sanitized build/asan "${1:-all}" -DHELICON_FUZZERS=ON; }

# Only the folders in which several threads meet.
build_tsan() {
  build_sanitized build/tsan "base_test runtime_test backends_test agents_test http_test" \
    -DHELICON_SANITIZE=thread
}
