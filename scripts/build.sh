# The builds: build/release for people, build/asan and build/tsan for tests, build/fuzz for fuzzers.

# build FOLDER TARGETS [OPTION...]: configured once; cmake itself looks after what changes later.
build() {
  local folder=$1 targets=$2
  shift 2
  export CCACHE_DIR=${CCACHE_DIR:-$(cache_folder)/ccache}
  if [[ ! -f $folder/build.ninja ]]; then
    say "Configuring $folder"
    cmake -S . -B "$folder" -G Ninja -DCMAKE_CXX_COMPILER_LAUNCHER=ccache "$@"
  fi
  # shellcheck disable=SC2086
  cmake --build "$folder" --target $targets
}

build_release() { build build/release "$1" -DCMAKE_BUILD_TYPE=Release; }
