#!/bin/sh
# The image's `registry-cache` command, and its /start.sh: gives up root, then becomes the cache.
#
# A folder of the host that is mounted as it is belongs to the host's root, and a container that never was root could not
# write there. So the container may start as root, and what runs in it does not: docs/decisions/0003.
set -eu

service_uid=65532
service_gid=0 # what the host's root shares with its group stays readable
root=/opt/registry-cache

main() {
  # The image's health check cannot know of a config.yml.
  if [ "$*" = health ]; then
    config=$(config_of_running_cache)
    set -- health ${config:+"$config"}
  fi
  # Nor can who asks the running cache by `podman exec`.
  if asks_running_cache "$@" && ! names_cache "$@"; then
    config=$(config_of_running_cache)
    command=$1
    shift
    set -- "$command" ${config:+--config "$config"} "$@"
  fi

  if [ "$(id -u)" != 0 ]; then exec_cache "$@"; fi
  capabilities=
  if ! as_service true 2> /dev/null; then
    note "this container may not change its user id and goes on as root: give it the capabilities SETUID and SETGID, or start it with --user $service_uid:$service_gid"
    exec_cache "$@"
  fi
  keep dac_override
  if is_serve "$@"; then prepare_to_serve "$@"; fi
  exec_cache_as_service "$@"
}

# Whether this is the one command that goes on; all others are over in a moment.
is_serve() {
  case ${1:-serve} in
    serve | -*) true ;;
    *) [ -f "$1" ] ;;
  esac
}

# Whether this is a command for the cache that is this container's first process.
asks_running_cache() {
  case $$:${1:-} in
    1:*) false ;;
    *:status | *:ls | *:images | *:inspect | *:logs | *:warm | *:pin | *:unpin | *:pins | *:rm | *:rmi | *:clean | *:client-config | *:__complete) true ;;
    *) false ;;
  esac
}

names_cache() {
  for argument in "$@"; do
    case $argument in --config | --config=* | --socket | --socket=*) return 0 ;; esac
  done
  return 1
}

# Hands over the data, and leaves in $capabilities only what this configuration needs. A wrong one needs nothing: the cache says
# what is wrong with it, and ends.
prepare_to_serve() {
  config=$(config_argument "$@")
  needs=$(as_service node "$root/deploy/container/needs.js" ${config:+"$config"} 2> /dev/null) || return 0
  capabilities=

  own "$(needed data)"
  file=$(find_root_only_file "$@")
  if [ -n "$file" ]; then
    note "$file can be read by root only: keeping the capability DAC_OVERRIDE for it; chown it to $service_uid to run without"
    keep dac_override
  fi
  if [ "$(needed port)" -lt "$(first_unprivileged_port)" ]; then keep net_bind_service; fi
}

# needed WHAT: what needs.js has said of it.
needed() {
  echo "$needs" | sed -n "s/^$1 //p"
}

# Adds to $capabilities, unless the container was started without this one.
keep() {
  before=$capabilities
  capabilities=$before,+$1
  if ! as_service true 2> /dev/null; then capabilities=$before; fi
}

exec_cache() {
  exec node "$root/packages/cli/bin/registry-cache.js" "$@"
}

exec_cache_as_service() {
  exec setpriv $(service_flags) node "$root/packages/cli/bin/registry-cache.js" "$@"
}

as_service() {
  setpriv $(service_flags) "$@"
}

service_flags() {
  echo "--reuid=$service_uid --regid=$service_gid --clear-groups --no-new-privs" \
    "--inh-caps=-all$capabilities --ambient-caps=-all$capabilities"
}

own() {
  data=$1
  if [ ! -d "$data" ]; then return; fi
  owner=$(stat -c %u "$data")
  if [ "$owner" = "$service_uid" ]; then return; fi
  note "$data belongs to user id $owner: giving it to $service_uid, the cache's own"
  # Depth first: the folder itself comes last, so that an interrupted change is taken up again.
  find "$data" -xdev -depth ! -user "$service_uid" -exec chown -h "$service_uid:$service_gid" {} + ||
    note "$data could not be given to $service_uid: mount it with :U, or run chown -R $service_uid on the host"
}

# Secrets are often kept readable for root only. The arguments count, because an option may name one.
find_root_only_file() {
  {
    needed file
    printf '%s\n' "$@"
  } | while IFS= read -r file; do
    if [ -f "$file" ] && ! as_service test -r "$file"; then
      echo "$file"
      break
    fi
  done
}

# The file among the arguments that is no option's value.
config_argument() {
  previous=
  for argument in "$@"; do
    case $previous in
      --*) ;;
      *) if [ -f "$argument" ]; then echo "$argument"; fi ;;
    esac
    previous=$argument
  done
}

# The container's first process is the cache, or an init with the cache's command behind it.
config_of_running_cache() {
  is_cache=false
  set --
  while IFS= read -r argument; do
    if $is_cache; then set -- "$@" "$argument"; fi
    case $argument in */registry-cache.js | registry-cache | /start.sh) is_cache=true ;; esac
  done << ARGUMENTS
$(tr '\0' '\n' < /proc/1/cmdline)
ARGUMENTS
  config_argument "$@"
}

# Some container engines allow every port to everybody.
first_unprivileged_port() {
  cat /proc/sys/net/ipv4/ip_unprivileged_port_start 2> /dev/null || echo 1024
}

note() {
  echo "registry-cache: $*" >&2
}

main "$@"
