# What tools/check, tools/serve and .ci/run share: finding what a machine has and installing what it
# lacks. Sourced, not run; the caller has `set -euo pipefail` and stands in the root of the checkout.
# Only Debian's own packages are installed on the system, and only those that are missing; everything
# else goes into a virtual environment inside the checkout.
# shellcheck shell=bash

say() { printf '%s\n' "$*" >&2; }
fail() { say "error: $*"; exit 1; }

# as_root COMMAND…: as it is for root, through sudo for others; fails when neither is to be had.
as_root() {
  if [ "$(id -u)" -eq 0 ]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    return 1
  fi
}

apt_updated=
# apt_install PACKAGE…: installs Debian packages; `apt-get update` once per run, before the first.
apt_install() {
  command -v apt-get >/dev/null ||
    fail "this needs $*: names of Debian packages; install what your system calls them and run again"
  as_root true || fail "needs Debian packages and is neither root nor has sudo; run as root: apt-get install $*"
  if [ -z "$apt_updated" ]; then
    say "== apt-get update"
    as_root apt-get update -qq || fail "apt-get update failed; its own words stand above"
    apt_updated=yes
  fi
  say "== apt-get install $*"
  # Its hundreds of lines are worth reading only when it fails.
  local output
  output=$(as_root env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -qq --no-install-recommends "$@" 2>&1 </dev/null) ||
    fail "apt-get could not install $*; it said:"$'\n'"$output"
}

# python_path: prints a Python of 3.11 or later; fails when there is none.
python_path() {
  local name
  for name in ${PYTHON:-python3.11 python3 python3.14 python3.13 python3.12}; do
    if "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
      command -v "$name"
      return 0
    fi
  done
  return 1
}

# make_venv FOLDER: an environment with pip in it; one that is whole is left as it is.
# Debian splits venv's pip off into python3-venv.
make_venv() {
  local venv=$1 python
  "$venv/bin/python" -c 'import pip' 2>/dev/null && return 0
  python=$(python_path) || { apt_install python3 && python=$(python_path); } ||
    fail "needs Python 3.11 or later; set PYTHON to its path"
  "$python" -c 'import ensurepip, venv' 2>/dev/null ||
    apt_install python3-venv
  "$python" -c 'import ensurepip, venv' 2>/dev/null ||
    fail "$python has no venv with pip; install it, or set PYTHON to a Python that does"
  say "== new environment $venv"
  rm -rf "$venv"
  "$python" -m venv "$venv"
}

pip_install() {
  local venv=$1
  shift
  "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-input "$@" >&2 ||
    fail "pip could not install; its own words stand above"
}

# hash_of PATH…: one hash over the names and contents of files and folders, caches left out.
hash_of() {
  find "$@" -type f -not -name '*.pyc' -print0 | LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum | cut -c1-32
}

# is_fresh STAMP VALUE: was VALUE recorded there by record_fresh?
is_fresh() { [ -f "$1" ] && [ "$(cat "$1")" = "$2" ]; }
record_fresh() { printf '%s\n' "$2" >"$1"; }

# build_wheel VENV: prints the path of a wheel built from this checkout.
# The build back end comes from the environment, where there is one, so that a rebuild needs no network.
build_wheel() {
  local venv=$1 isolation=()
  "$venv/bin/python" -c 'import hatchling' 2>/dev/null && isolation=(--no-build-isolation)
  rm -rf "$venv/wheel"
  "$venv/bin/python" -m pip wheel --quiet --disable-pip-version-check --no-deps \
    ${isolation[@]+"${isolation[@]}"} --wheel-dir "$venv/wheel" . >&2 || fail "the wheel could not be built"
  printf '%s\n' "$venv"/wheel/whiteboard-*.whl
}

# The files that make the wheel, for hash_of.
# shellcheck disable=SC2034
wheel_sources=(pyproject.toml README.md LICENSE whiteboard)
