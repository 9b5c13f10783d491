#!/usr/bin/env bash
# usage: logger.sh HAPROXY_LOG DATA
# Touches the blob or the manifest of each answer, so that the cleaner knows what was used last.
set -u
log=$1
blobs=$2/docker/registry/v2/blobs

touch "$log"
tail --follow=name --retry --lines=0 "$log" | while read -r line; do
  digest=$(grep --only-matching --max-count=1 'sha256:[0-9a-f]\{64\}' <<< "$line") || continue
  hex=${digest#sha256:}
  data=$blobs/sha256/${hex:0:2}/$hex/data
  [ -e "$data" ] && touch -a "$data"
  echo "$line"
done
