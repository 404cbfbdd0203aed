#!/bin/sh
# Writes a dump of the store into $BACKUPS and removes those older than $KEEP_DAYS days.
# Where the store is say PGHOST, PGUSER, PGPASSWORD and PGDATABASE.
set -eu
name="$BACKUPS/searcher-$(date -u +%Y%m%dT%H%M%SZ).dump"
trap 'rm -f "$name.part"' EXIT
pg_dump --format=custom --no-owner --no-privileges --file="$name.part"
pg_restore --list "$name.part" >/dev/null # what can't be read is no backup
sync
mv "$name.part" "$name"
find "$BACKUPS" -name 'searcher-*.dump' -mtime "+$KEEP_DAYS" -delete
echo "wrote $name"
