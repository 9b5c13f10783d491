#!/bin/sh
# Builds the image from the checkout without pulling a base image: usage: build-image.sh IMAGE CACHE_FOLDER
#
# The base stands for node:24-slim: a minimal Debian with this machine's Node and npm. It is made once and kept in
# podman's storage; npm's downloads are kept in CACHE_FOLDER.
set -eu

image=$1
cache=$2
root=$(cd "$(dirname "$0")/../../.." && pwd)
base=localhost/registry-cache-base:$(node --version)

make_base() {
  context=$(mktemp -d)
  trap 'rm -rf "$context"' EXIT
  codename=$(. /etc/os-release && echo "$VERSION_CODENAME")
  mmdebstrap --quiet --variant=minbase --include=ca-certificates "$codename" "$context/debian.tar"
  cp "$(node -p process.execPath)" "$context/node"
  cp -R "$(npm root --global)/npm" "$context/npm"
  cat > "$context/Containerfile" <<'END'
FROM scratch
ADD debian.tar /
COPY node /usr/local/bin/
COPY npm /usr/local/lib/node_modules/npm
RUN ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm
END
  podman build --quiet --tag "$base" "$context"
}

podman image exists "$base" || make_base

# npm inside the build trusts what this machine trusts, and asks the registry that this machine asks; as a mounted file,
# this leaves no trace in the image.
mkdir -p "$cache/npm"
cp "${NODE_EXTRA_CA_CERTS:-/etc/ssl/certs/ca-certificates.crt}" "$cache/ca.crt"
printf 'cafile=/run/ca.crt\nregistry=%s\n' "$(npm config get registry)" > "$cache/npmrc"

podman build --format docker --network host --layers \
  --build-arg BASE="$base" \
  --volume "$cache/ca.crt:/run/ca.crt:ro" \
  --volume "$cache/npmrc:/root/.npmrc:ro" \
  --volume "$cache/npm:/root/.npm" \
  --tag "$image" "$root"
