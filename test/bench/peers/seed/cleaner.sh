#!/usr/bin/env bash
# usage: cleaner.sh DATA MAX_SIZE_BYTES THRESHOLD_PERCENTAGE EVERY_SECONDS
# Above the limit and its threshold, removes the blob that was used longest ago, and looks again, until the limit holds.
set -u
data=$1
max_size=$2
threshold=$((max_size + max_size * $3 / 100))
every=$4
blobs=$data/docker/registry/v2/blobs

used() {
  du --summarize --bytes "$data" | cut --fields=1
}

oldest() {
  find "$blobs" -type f -name data -exec stat --format='%X %n' {} + | sort --numeric-sort | head --lines=1 | cut --delimiter=' ' --fields=2-
}

while true; do
  size=$(used)
  echo "size $size, threshold $threshold"
  if [ "$size" -gt "$threshold" ]; then
    while [ "$(used)" -gt "$max_size" ]; do
      blob=$(oldest)
      [ -n "$blob" ] || break
      rm --recursive "$(dirname "$blob")"
      sleep 2
    done
  fi
  sleep "$every"
done
