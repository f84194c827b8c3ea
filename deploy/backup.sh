#!/bin/sh
# The service `backup`: saves the database every BACKUP_HOURS, keeps the newest BACKUP_KEEP files. `backup.sh healthy` tells
# whether the newest one is young enough, with half an hour for the first one. A backup that failed, as while the database
# is away, is told and tried again a minute later; what was saved before stays. Before the first run there is nothing to save.
set -eu

backups=/opt/apod/backups

newest() { find "$backups" -maxdepth 1 -name 'apod-*.dump' "$@"; }

begun() { [ -d "$APOD_ARCHIVE/.git" ]; }

if [ "${1:-}" = healthy ]; then
    ! begun || [ -z "$(find "$APOD_ARCHIVE/.git" -maxdepth 0 -mmin +30)" ] ||
        [ -n "$(newest -mmin "-$((BACKUP_HOURS * 60 + 120))")" ]
    exit
fi
umask 077
find "$backups" -maxdepth 1 -name '.apod-*.partial' -exec rm -r -- {} + # of a backup that was killed
trap 'exit 0' TERM INT
while true; do
    seconds=60
    if begun; then
        if apod backup "$backups/apod-$(date -u +%Y%m%dT%H%M%SZ).dump"; then
            seconds=$((BACKUP_HOURS * 3600))
            newest | sort -r | tail -n "+$((BACKUP_KEEP + 1))" | xargs -r rm --
        fi
    fi
    sleep "$seconds" &
    wait $!
done
