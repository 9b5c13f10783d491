#!/bin/sh
# Installs what the e2e tests run, on Debian or Ubuntu and as root: real clients and real registries, each from its own
# distribution channel.
set -eu

export DEBIAN_FRONTEND=noninteractive
apt-get update --quiet=2
apt-get install --quiet=2 --yes --no-install-recommends \
  podman buildah skopeo runc conmon netavark aardvark-dns iptables uidmap catatonit \
  docker-registry apache2-utils openssl mmdebstrap ca-certificates procps tmux zsh fish
# Where docker's own packages are installed, theirs is good, and Debian's would take its place.
command -v containerd > /dev/null || apt-get install --quiet=2 --yes --no-install-recommends containerd

# The browser of the dashboard's tests, and the typeface of the pictures in docs/screenshots.
apt-get install --quiet=2 --yes --no-install-recommends chromium fonts-inter

# Go installs into the folder that the tests put at the head of PATH; what is there already is left alone.
bin=$HOME/.cache/registry-cache-e2e/bin
mkdir -p "$bin"
install_go() {
  stamp=$bin/.$(echo "$1" | tr / _)
  if [ -e "$stamp" ]; then return; fi
  GOBIN=$bin CGO_ENABLED=0 go install "$1"
  touch "$stamp"
}
install_go github.com/google/go-containerregistry/cmd/crane@v0.20.7
install_go github.com/distribution/distribution/v3/cmd/registry@v3.1.2
install_go github.com/moby/buildkit/cmd/buildkitd@v0.16.0
install_go github.com/moby/buildkit/cmd/buildctl@v0.16.0

# Debian's podman may be older than the version that goes on with a blob where it broke.
copy_image=$(dirname "$0")/copy-image
CGO_ENABLED=0 go build -C "$copy_image" -o "$bin/copy-image" \
  -tags 'containers_image_openpgp containers_image_storage_stub containers_image_docker_daemon_stub' .

# What reads the stack file and the compose file as docker does, which Debian's docker is too old to print.
compose_files=$(dirname "$0")/compose-files
CGO_ENABLED=0 go build -C "$compose_files" -o "$bin/stack-config" .
CGO_ENABLED=0 go build -C "$compose_files" -o "$bin/compose-config" github.com/compose-spec/compose-go/v2/cmd

# dockerd itself and nothing around it: its package would start a service, and take the place of docker's own packages.
if [ ! -e "$bin/dockerd" ]; then
  apt-get install --quiet=2 --yes --no-install-recommends libdevmapper1.02.1 libsystemd0
  package=$(mktemp -d)
  chmod 755 "$package"
  (cd "$package" && apt-get download docker.io && dpkg -x docker.io_*.deb .)
  cp "$package/usr/bin/docker" "$package/usr/sbin/dockerd" "$bin"
  rm -r "$package"
fi

# promtool alone, for the same reason.
if [ ! -e "$bin/promtool" ]; then
  package=$(mktemp -d)
  chmod 755 "$package"
  (cd "$package" && apt-get download prometheus && dpkg -x prometheus_*.deb .)
  cp "$package/usr/bin/promtool" "$bin"
  rm -r "$package"
fi
