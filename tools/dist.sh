#!/bin/bash
# Writes a tarball of the tree: the files that git knows, as they are now; in a tree without git, which is such a
# tarball unpacked, all but build/. The same files give the same bytes.
#
#   tools/dist.sh OUTPUT DIRECTORY
#
# DIRECTORY: what all paths in it begin with. Their time is SOURCE_DATE_EPOCH, or that of the commit. debian/ is left
# out, as Debian asks.
set -euo pipefail

output=$1
directory=$2
cd "$(dirname "$0")/.."

list_files() {
    if [ -e .git ]; then
        git ls-files -z
    else
        find . -path ./build -prune -o ! -type d -printf '%P\0'
    fi | grep -zv '^debian/' | LC_ALL=C sort -z
}

if [ -n "${SOURCE_DATE_EPOCH:-}" ]; then
    time=$SOURCE_DATE_EPOCH
elif [ -e .git ]; then
    time=$(git log -1 --format=%ct)
else
    time=$(stat -c %Y Makefile)
fi

mkdir -p "$(dirname "$output")"
list_files | tar --create --null --files-from=- --format=ustar --owner=0 --group=0 --numeric-owner \
    --mode='u=rwX,go=rX' --mtime="@$time" --transform="s,^,$directory/,S" | gzip -9n >"$output.new"
mv "$output.new" "$output"
