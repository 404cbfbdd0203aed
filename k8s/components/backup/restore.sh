#!/bin/sh
# Puts a dump of $BACKUPS in place of what the store has, all or nothing: the one that $BACKUP names,
# else the newest. As the owner of the tables; what the dump has not is left as it is.
set -eu
name="${BACKUP:-}"
if [ -z "$name" ]; then
  for found in "$BACKUPS"/searcher-*.dump; do name="$(basename "$found")"; done
fi
if [ ! -f "$BACKUPS/$name" ]; then
  echo "no backup $name in $BACKUPS" >&2
  exit 1
fi
pg_restore --clean --if-exists --single-transaction --exit-on-error --no-owner --no-privileges \
  --dbname="$PGDATABASE" "$BACKUPS/$name"
echo "restored $name"
