#!/bin/sh
# The service `backup`: saves the database every BACKUP_HOURS, a file a data set, and keeps the newest BACKUP_KEEP of each.
# `backup.sh healthy` tells whether the newest ones are young enough, with half an hour for the first one. A backup that
# failed, as while the database is away, is told and tried again a minute later; what was saved before stays. Before a set's
# first run there is nothing of it to save.
set -eu

backups=${APOD_BACKUPS:-/opt/apod/backups}

newest() { of=$1; shift; find "$backups" -maxdepth 1 -name "$of-*.dump" "$@"; }

folder() { if [ "$1" = apod ]; then echo "$APOD_ARCHIVE"; else echo "$APOD_ARCHIVES/$1"; fi; }

# The data sets whose archives have begun: APOD, and those in the folder of all others.
begun() {
    [ ! -d "$APOD_ARCHIVE/.git" ] || echo apod
    for archive in "${APOD_ARCHIVES:-/nowhere}"/*; do
        [ ! -d "$archive/.git" ] || basename "$archive"
    done
}

never_saved() {
    for name in $(begun); do
        [ -n "$(newest "$name")" ] || echo "$name"
    done
}

save() {
    APOD_ARCHIVE=$(folder "$1") apod backup "$backups/$1-$(date -u +%Y%m%dT%H%M%SZ).dump" || return 1
    newest "$1" | sort -r | tail -n "+$((BACKUP_KEEP + 1))" | xargs -r rm --
}

if [ "${1:-}" = healthy ]; then
    for name in $(begun); do
        [ -z "$(find "$(folder "$name")/.git" -maxdepth 0 -mmin +30)" ] ||
            [ -n "$(newest "$name" -mmin "-$((BACKUP_HOURS * 60 + 120))")" ]
    done
    exit
fi
umask 077
find "$backups" -maxdepth 1 -name '.*-*.partial' -exec rm -r -- {} + # of a backup that was killed
trap 'exit 0' TERM INT
due=0
left=
while true; do
    if [ "$(date +%s)" -ge "$due" ]; then
        left=$(begun)
        due=$(($(date +%s) + BACKUP_HOURS * 3600))
    fi
    failed=
    for name in $(printf '%s\n' $left $(never_saved) | sort -u); do
        save "$name" || failed="$failed $name"
    done
    left=$failed
    sleep 60 &
    wait $!
done
