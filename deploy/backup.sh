#!/bin/sh
# The service `backup`: saves the database every BACKUP_HOURS, keeps the newest BACKUP_KEEP files. A backup that failed is
# told, and tried again at the next time; what was saved before stays.
set -eu
trap 'exit 0' TERM INT

while true; do
    if ! apod backup "/opt/apod/backups/apod-$(date -u +%Y%m%dT%H%M%SZ).dump"; then
        echo "the backup failed; the next one is tried in $BACKUP_HOURS hours" >&2
    fi
    find /opt/apod/backups -maxdepth 1 -name 'apod-*.dump' | sort -r | tail -n "+$((BACKUP_KEEP + 1))" | xargs -r rm --
    sleep "$((BACKUP_HOURS * 3600))" &
    wait $!
done
