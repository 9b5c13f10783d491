#!/bin/sh
# The image's `registry-cache` command: gives up root, then becomes the cache.
#
# A folder of the host that is mounted as it is belongs to the host's root, and a container that never was root could not
# write there. So the container may start as root, and what runs in it does not: docs/decisions/0003.
set -eu

service_uid=65532
service_gid=0 # what the host's root shares with its group stays readable
data=${REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY:-${REGISTRYDIR:-/var/lib/registry}}

main() {
  if [ "$(id -u)" != 0 ]; then exec_cache "$@"; fi

  if ! as_service true 2> /dev/null; then
    note "this container may not change its user id and goes on as root: give it the capabilities SETUID and SETGID, or start it with --user $service_uid:$service_gid"
    exec_cache "$@"
  fi
  own_data
  file=$(find_root_only_file "$@")
  if [ -z "$file" ]; then exec_cache_as_service -all "$@"; fi
  note "$file can be read by root only: keeping the capability DAC_OVERRIDE for it; chown it to $service_uid to run without"
  exec_cache_as_service -all,+dac_override "$@"
}

exec_cache() {
  exec node /opt/registry-cache/packages/cli/bin/registry-cache.js "$@"
}

exec_cache_as_service() {
  capabilities=$1
  shift
  exec setpriv --reuid "$service_uid" --regid "$service_gid" --clear-groups --no-new-privs \
    --inh-caps="$capabilities" --ambient-caps="$capabilities" \
    node /opt/registry-cache/packages/cli/bin/registry-cache.js "$@"
}

as_service() {
  setpriv --reuid "$service_uid" --regid "$service_gid" --clear-groups --no-new-privs "$@"
}

own_data() {
  if [ ! -d "$data" ]; then return; fi
  owner=$(stat -c %u "$data")
  if [ "$owner" = "$service_uid" ]; then return; fi
  note "$data belongs to user id $owner: giving it to $service_uid, the cache's own"
  # Depth first: the folder itself comes last, so that an interrupted change is taken up again.
  find "$data" -xdev -depth ! -user "$service_uid" -exec chown -h "$service_uid:$service_gid" {} + ||
    note "$data could not be given to $service_uid: mount it with :U, or run chown -R $service_uid on the host"
}

# Secrets are often kept readable for root only. The arguments count, because config.yml is one of them.
find_root_only_file() {
  for file in \
    "${REGISTRY_PULLSECRET:-${PULLSECRETPATH:-/pull-secret.json}}" \
    "${REGISTRY_AUTH_HTPASSWD_PATH:-/auth/htpasswd}" \
    "${REGISTRY_HTTP_TLS_CERTIFICATE:-/certs/certs.pem}" \
    "${REGISTRY_HTTP_TLS_KEY:-/certs/certs.pem}" \
    "$@"; do
    if [ -f "$file" ] && ! as_service test -r "$file"; then
      echo "$file"
      return
    fi
  done
}

note() {
  echo "registry-cache: $*" >&2
}

main "$@"
