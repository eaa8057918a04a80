#!/bin/bash
# Builds the Debian packages, source and binary, in an empty directory: from the tarball of `make dist`, and debian/.
#
#   tools/make_deb.sh DIRECTORY TARBALL VERSION
set -euo pipefail

directory=$1
tarball=$2
version=$3
root=$(cd "$(dirname "$0")/.." && pwd)

rm -rf "$directory"
mkdir -p "$directory"
cp "$tarball" "$directory/tracereel_$version.orig.tar.gz"
tar --extract --file="$tarball" --directory="$directory"
cp -r "$root/debian" "$directory/tracereel-$version/debian"
cd "$directory/tracereel-$version"
env -u MAKEFLAGS -u MAKELEVEL dpkg-buildpackage --no-sign --build=full
