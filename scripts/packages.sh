# Which packages each verb needs, by distribution, and how they get here.

# The same on both. Of clang one version by name: 14, the default of Debian 12, can neither compile
# coroutines under its sanitizers nor tell what the processor can do; the format is that of 14.
packages_build="g++ cmake ninja-build ccache libcli11-dev libspdlog-dev libfmt-dev libpcre2-dev libutf8proc-dev
  libedit-dev libgtest-dev libzip-dev libcurl4-openssl-dev libssl-dev zlib1g-dev libseccomp-dev
  libpng-dev libturbojpeg0-dev libwebp-dev pkg-config
  bubblewrap python3 python3-pip"
packages_fuzz="clang-19 libclang-rt-19-dev"
packages_test="python3-venv clang-format-14 ffmpeg $packages_fuzz"
packages_bench="python3-venv"
packages_neon="g++-aarch64-linux-gnu qemu-user googletest"
packages_lint="clang-format-14 clang-tidy-19 shellcheck"

# What is called differently. 1.74, the default of Debian 12, has no Boost.URL. Ubuntu's chromium is
# a snap, which does not run everywhere: see find_browser.
# shellcheck source=/dev/null
case "$(. /etc/os-release && echo "$ID-$VERSION_ID")" in
  debian-12)
    packages_build+=" libboost1.81-dev libboost-json1.81-dev libboost-url1.81-dev"
    packages_test+=" chromium"
    ;;
  ubuntu-24.04)
    packages_build+=" libboost1.83-dev libboost-json1.83-dev libboost-url1.83-dev"
    ;;
  *)
    known_distribution=no
    ;;
esac

# The page needs Node 18 with npm; one from elsewhere will do.
has_node() {
  command -v npm >/dev/null && command -v node >/dev/null &&
    [[ $(node --version) =~ ^v([0-9]+) ]] && ((BASH_REMATCH[1] >= 18))
}

as_root() {
  if [[ $(id -u) == 0 ]]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    die "these packages are missing and there is no sudo; as root: $*"
  fi
}

# install_packages GROUP...: what is missing of those groups. One question to dpkg where all is there.
install_packages() {
  local group name wanted=() missing=() installed
  for group in "$@"; do
    name=packages_$group
    # shellcheck disable=SC2206
    wanted+=(${!name})
  done
  has_node || wanted+=(nodejs npm)
  if [[ ${known_distribution:-yes} == no ]]; then
    say "neither Debian 12 nor Ubuntu 24.04: taking for granted that there is: ${wanted[*]}"
    return
  fi
  installed=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' "${wanted[@]}" 2>/dev/null) || true
  for name in "${wanted[@]}"; do
    grep -qx "installed $name" <<<"$installed" || missing+=("$name")
  done
  ((${#missing[@]})) || return 0
  say "Installing ${missing[*]}"
  local apt=(env DEBIAN_FRONTEND=noninteractive apt-get -o Acquire::Retries=3 -o Dpkg::Use-Pty=0)
  # A bare tree has no package lists; old ones name versions that are gone.
  as_root "${apt[@]}" -q update
  as_root "${apt[@]}" -q -y --no-install-recommends install "${missing[@]}"
}
