#!/bin/sh
# Installs what the bench runs, on Debian or Ubuntu and as root: the peers, each from its own distribution channel, the
# clients, and what draws the plots.
set -eu

packages='haproxy nginx rsyslog supervisor docker-registry skopeo gnuplot-nox openssl ca-certificates procps'

# The bench starts the servers itself, each with its own configuration: their packages must not start any.
install_packages() {
  policy=/usr/sbin/policy-rc.d
  if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' > "$policy"
    chmod 755 "$policy"
    trap 'rm -f "$policy"' EXIT
    trap 'exit 1' HUP INT TERM
  fi
  export DEBIAN_FRONTEND=noninteractive
  apt-get update --quiet=2
  # shellcheck disable=SC2086 # Each is a word of its own.
  apt-get install --quiet=2 --yes --no-install-recommends $packages
}
# shellcheck disable=SC2086
dpkg-query --show $packages > /dev/null 2>&1 || install_packages

# Go installs into the folder that the e2e tests use too; what is there already is left alone.
bin=$HOME/.cache/registry-cache-e2e/bin
mkdir -p "$bin"
install_go() {
  stamp=$bin/.$(echo "$1" | tr / _)
  if [ -e "$stamp" ]; then return; fi
  GOBIN=$bin CGO_ENABLED=0 go install "$1"
  touch "$stamp"
}
install_go github.com/distribution/distribution/v3/cmd/registry@v3.1.2

here=$(cd "$(dirname "$0")" && pwd)
CGO_ENABLED=0 go build -C "$here/tools" -o "$bin/bench-tools" .

# As zot's own Makefile builds it, with the extension for pulling through and without the others. It prints its version
# as the commit.
zot=zotregistry.io/zot
CGO_ENABLED=0 go build -C "$here/zot" -o "$bin/zot" \
  -tags 'sync containers_image_openpgp exclude_graphdriver_btrfs exclude_graphdriver_devicemapper' \
  -ldflags "-s -w -X $zot/pkg/api/config.Commit=v1.4.3 -X $zot/pkg/api/config.BinaryType=sync" "$zot/cmd/zot"
